import { createServer, type Socket } from 'node:net'
import { CommandParser } from '../../src-main/engine/resp/command-parser.ts'
import { freePort } from './free-port.ts'

/** One replica's connection, as the primary sees it. */
export interface Replica {
  /** Every command it has sent, words joined by blanks. */
  readonly said: readonly string[]
  /** Sends bytes; `piece`: so many at a time, each in a packet of its own. */
  send(bytes: string | Buffer, piece?: number): Promise<void>
  close(): void
}

export interface FakeMaster {
  readonly port: number
  /** Every connection so far. */
  readonly replicas: readonly Replica[]
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * A primary that says what it is told to: answers the greeting like a server without a password, and leaves
 * PSYNC and SYNC to `onPsync`, which is given the whole command and how many have come before.
 */
export async function startFakeMaster(
  onPsync: (replica: Replica, command: string, before: number) => void | Promise<void>,
): Promise<FakeMaster> {
  const port = await freePort()
  const replicas: Replica[] = []
  const sockets = new Set<Socket>()
  let asked = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    const said: string[] = []
    const replica: Replica = {
      said,
      async send(bytes, piece) {
        const all = Buffer.from(bytes)
        for (let at = 0; at < all.length; at += piece ?? all.length)
          await new Promise<void>((resolve) => {
            socket.write(all.subarray(at, at + (piece ?? all.length)), () => setImmediate(resolve))
          })
      },
      close: () => socket.destroy(),
    }
    const parser = new CommandParser(0)
    socket.on('data', (chunk) => {
      for (const { args } of parser.push(chunk)) {
        const command = args.map(String).join(' ')
        said.push(command)
        if (/^P?SYNC\b/.test(command)) {
          replicas.push(replica)
          void onPsync(replica, command, asked++)
        } else if (command === 'PING') socket.write('+PONG\r\n')
        else if (!command.startsWith('REPLCONF ACK')) socket.write('+OK\r\n')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    port,
    replicas,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
