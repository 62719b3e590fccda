import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Failure } from '#contract/failure.ts'
import { composeServices } from '#console/compose.ts'
import { openDoor } from '#console/door.ts'
import { findParts } from '#console/parts.ts'
import { readRendererFiles } from '#console/renderer-files.ts'
import type { Tasks } from '#migration/tasks.ts'
import { answerHttp, type Premises } from './http.ts'
import { prepareListening, type TlsPaths } from './listening.ts'
import { createSessions, type SessionLimits } from './sessions.ts'
import { createSocketDoor } from './socket.ts'

export interface ServeOptions {
  /** Any free port if absent. */
  readonly port?: number
  /** The address that is listened on; this machine only if absent. Any other needs `tls`. */
  readonly host?: string
  readonly tls?: TlsPaths | undefined
  readonly sessions?: SessionLimits | undefined
  /** Whether browsers may have plans run commands on this machine. */
  readonly commands?: boolean
}

/** A console being served. Disposing of it is the same as `close`. */
export interface ServedConsole extends AsyncDisposable {
  /** The address that signs the first browser in, once. */
  readonly url: string
  readonly port: number
  readonly tasks: Tasks
  /** Why profiles and tasks cannot be had, though the rest is served; else null. */
  readonly withoutStore: Failure | null
  /** Another such address, for another browser. */
  invite(): string
  /** Signs every browser out. */
  endSessions(): void
  /** Stops listening, cancels what runs and waits for its end. */
  close(): Promise<void>
}

/** Unless more is asked for, only this machine may connect: the console holds the rights of whoever started it. */
const loopback = '127.0.0.1'

/**
 * Serves the console. Rejects with the system's own error where the port is taken, and with the failures of
 * `prepareListening`.
 */
export async function startServe({
  port = 0,
  host = loopback,
  tls,
  sessions,
  commands = false,
}: ServeOptions = {}): Promise<ServedConsole> {
  const { server, name, ...listening } = prepareListening(host, tls)
  const files = await readRendererFiles(findParts().renderer)
  server.listen(port, host)
  await once(server, 'listening')

  const premises: Premises = {
    ...listening,
    files,
    sessions: createSessions(sessions),
    port: (server.address() as AddressInfo).port,
  }
  const services = composeServices({ shell: 'browser', commands })
  const door = createSocketDoor(premises, openDoor(services))
  server.on('request', (request, response) => answerHttp(premises, request, response))
  server.on('upgrade', (request, socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    door.upgrade(request, socket, head)
  })

  const invite = (): string =>
    `${premises.scheme}://${name}:${premises.port}/?token=${premises.sessions.invite()}`
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
    withoutStore: services.withoutStore,
    invite,
    endSessions: () => premises.sessions.endAll(),
    close,
    [Symbol.asyncDispose]: close,
  }
}
