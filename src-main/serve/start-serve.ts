import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { composeServices } from '#console/compose.ts'
import { openDoor } from '#console/door.ts'
import { findParts } from '#console/parts.ts'
import { readRendererFiles } from '#console/renderer-files.ts'
import type { Tasks } from '#migration/tasks.ts'
import { answerHttp, type Premises } from './http.ts'
import { createSessions } from './sessions.ts'
import { createSocketDoor } from './socket.ts'

export interface ServeOptions {
  /** Any free port if absent. */
  readonly port?: number
}

/** A console being served. Disposing of it is the same as `close`. */
export interface ServedConsole extends AsyncDisposable {
  /** The address that signs the first browser in, once. */
  readonly url: string
  readonly port: number
  readonly tasks: Tasks
  /** Another such address, for another browser. */
  invite(): string
  /** Stops listening, cancels what runs and waits for its end. */
  close(): Promise<void>
}

/** Only this machine may connect: the console holds the rights of whoever started it. */
const loopback = '127.0.0.1'

/** Serves the console on this machine. Rejects with the system's own error where the port is taken. */
export async function startServe({ port = 0 }: ServeOptions = {}): Promise<ServedConsole> {
  const files = await readRendererFiles(findParts().renderer)
  const server = createServer()
  server.listen(port, loopback)
  await once(server, 'listening')

  const premises: Premises = {
    files,
    sessions: createSessions(),
    port: (server.address() as AddressInfo).port,
  }
  const services = composeServices({ shell: 'browser' })
  const door = createSocketDoor(premises, openDoor(services))
  server.on('request', (request, response) => answerHttp(premises, request, response))
  server.on('upgrade', (request, socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    door.upgrade(request, socket, head)
  })

  const invite = (): string => `http://${loopback}:${premises.port}/?token=${premises.sessions.invite()}`
  const close = async (): Promise<void> => {
    door.close()
    server.close()
    server.closeAllConnections()
    await services[Symbol.asyncDispose]()
  }
  return {
    url: invite(),
    port: premises.port,
    tasks: services.tasks,
    invite,
    close,
    [Symbol.asyncDispose]: close,
  }
}
