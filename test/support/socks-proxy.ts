import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { freePort } from './free-port.ts'

export interface SocksProxy {
  readonly port: number
  /** `host:port` of every connection asked for, with the way the host was written. */
  readonly asked: readonly string[]
  [Symbol.asyncDispose](): Promise<void>
}

export interface SocksOptions {
  readonly user?: { readonly name: string; readonly password: string }
  /** Answers every request with this code instead of connecting (RFC 1928, 6). */
  readonly refuse?: number
  /** Sends its answers a byte at a time. */
  readonly slowly?: boolean
}

/** As long may a client take for each thing it has to say. */
const patienceMs = 60_000

/** A SOCKS5 proxy that can misbehave on command; `ssh -D` is the real one beside it. */
export async function startSocksProxy({ user, refuse, slowly }: SocksOptions = {}): Promise<SocksProxy> {
  const port = await freePort()
  const asked: string[] = []
  const sockets = new Set<Socket>()

  async function serve(client: Socket): Promise<void> {
    const take = async (count: number): Promise<Buffer> => {
      if (count === 0) return Buffer.alloc(0)
      for (;;) {
        const bytes = client.read(count) as Buffer | null
        if (bytes?.length === count) return bytes
        if (client.readableEnded || client.destroyed) throw new Error('the client is gone')
        await once(client, 'readable', { signal: AbortSignal.timeout(patienceMs) })
      }
    }
    const say = async (...bytes: readonly number[]): Promise<void> => {
      const parts = slowly ? bytes.map((byte) => [byte]) : [bytes]
      for (const part of parts) {
        client.write(Buffer.from(part))
        if (slowly) await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }
    const [, count = 0] = await take(2)
    const methods = await take(count)
    const method = user === undefined ? 0 : 2
    await say(5, methods.includes(method) ? method : 0xff)
    if (!methods.includes(method)) return void client.end()
    if (user !== undefined) {
      const [, length = 0] = await take(2)
      const name = (await take(length)).toString()
      const password = (await take((await take(1))[0]!)).toString()
      const right = name === user.name && password === user.password
      await say(1, right ? 0 : 1)
      if (!right) return void client.end()
    }
    const [, , , type] = await take(4)
    const host =
      type === 3
        ? (await take((await take(1))[0]!)).toString()
        : type === 1
          ? [...(await take(4))].join('.')
          : (await take(16)).toString('hex')
    const to = (await take(2)).readUInt16BE()
    asked.push(`${host}:${to}`)
    if (refuse !== undefined) {
      await say(5, refuse, 0, 1, 0, 0, 0, 0, 0, 0)
      return void client.end()
    }
    const server = connect({ host: host === 'db.inside' ? '127.0.0.1' : host, port: to })
    sockets.add(server)
    server.on('error', () => client.destroy())
    await once(server, 'connect')
    await say(5, 0, 0, 3, 4, ...Buffer.from('here'), 0, 0)
    client.pipe(server).pipe(client)
  }

  const listener = createServer((client) => {
    sockets.add(client)
    client.on('error', () => undefined)
    serve(client).catch(() => client.destroy())
  })
  await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve))
  return {
    port,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => listener.close(() => resolve()))
    },
  }
}
