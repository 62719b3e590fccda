import { createServer, type Socket } from 'node:net'
import { keySlot } from '#engine/bytes/crc16.ts'
import { CommandParser } from '#engine/resp/command-parser.ts'
import { ReplyError, type Reply } from '#engine/resp/decode.ts'
import { Link } from '#engine/resp/link.ts'
import { freePort } from './free-port.ts'
import type { RedisServer } from './redis-server.ts'

/** What it knows, and how many arguments each takes, the name among them; Infinity: any number. */
const known: Readonly<Record<string, number>> = {
  PING: 1,
  EXISTS: 2,
  DEL: 2,
  SET: 3,
  RESTORE: 4,
  APPEND: 3,
  PEXPIREAT: 3,
  RPUSH: Infinity,
  SADD: Infinity,
  ZADD: Infinity,
  HMSET: Infinity,
}

export interface FakeProxy {
  readonly port: number
  /** What it hung up on. */
  readonly refused: readonly string[]
  /** Breaks every connection of its clients. */
  cut(): void
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * A proxy as twemproxy is one: it shares keys out among servers by their hash, knows but a few commands of one key
 * in their oldest form, and hangs up on everything else.
 */
export async function startFakeProxy(servers: readonly RedisServer[]): Promise<FakeProxy> {
  const port = await freePort()
  const refused: string[] = []
  const clients = new Set<Socket>()
  const listener = createServer((client) => {
    clients.add(client)
    client.on('close', () => clients.delete(client))
    client.on('error', () => undefined)
    void serve(client, servers, refused)
  })
  await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const client of clients) client.destroy()
  }
  return {
    port,
    refused,
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise<void>((resolve) => listener.close(() => resolve()))
    },
  }
}

async function serve(client: Socket, servers: readonly RedisServer[], refused: string[]): Promise<void> {
  const links: readonly Link[] = await Promise.all(servers.map(({ host, port }) => Link.open({ host, port })))
  client.on('close', () => links.forEach((link) => link.close()))
  const parser = new CommandParser(0)
  let answers: Promise<unknown> = Promise.resolve()
  client.on('data', (chunk) => {
    for (const { args } of parser.push(Buffer.from(chunk))) {
      const name = args[0]!.toString().toUpperCase()
      if (known[name] !== args.length && known[name] !== Infinity) {
        refused.push(args.slice(0, 2).join(' '))
        client.destroy()
        return
      }
      const server = args[1] === undefined ? 0 : keySlot(args[1]) % servers.length
      const reply = links[server]!.call(args)
      answers = answers.then(async () => client.write(encode(await reply))).catch(() => client.destroy())
    }
  })
}

function encode(reply: Reply): Buffer | string {
  if (reply instanceof ReplyError) return `-${reply.text}\r\n`
  if (typeof reply === 'number') return `:${reply}\r\n`
  if (reply === null) return '$-1\r\n'
  if (Buffer.isBuffer(reply))
    return Buffer.concat([Buffer.from(`$${reply.length}\r\n`), reply, Buffer.from('\r\n')])
  return `+${String(reply)}\r\n`
}
