import { ipcRenderer } from 'electron'

/**
 * Passes the page's message port on to the main process, which speaks the contract over it. Nothing is put
 * into the page: it has this port and no other way out.
 */
window.addEventListener('message', ({ source, data, ports: [port] }) => {
  if (source === window && data === 'keyferry:connect' && port !== undefined)
    ipcRenderer.postMessage('keyferry:connect', null, [port])
})
