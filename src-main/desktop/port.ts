import { ipcMain, type MessagePortMain } from 'electron'
import type { Channel } from '#console/door.ts'
import { isOurs } from './scheme.ts'

/** Admits the message ports that pages of ours hand over; the preload script passes them on under this name. */
export function answerPorts(admit: (channel: Channel) => void): void {
  ipcMain.on('keyferry:connect', ({ senderFrame, ports: [port] }) => {
    if (port === undefined || senderFrame === null || senderFrame.parent !== null) return
    if (!isOurs(senderFrame.url)) return
    admit(channelOf(port))
    port.start()
  })
}

function channelOf(port: MessagePortMain): Channel {
  return {
    send(frame) {
      port.postMessage(frame)
      return Promise.resolve()
    },
    onFrame: (heard) => port.on('message', ({ data }) => heard(data)),
    onClose: (heard) => port.on('close', heard),
    refuse: () => port.close(),
  }
}
