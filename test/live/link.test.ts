import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Failure } from '#contract/failure.ts'
import { ReplyError, type Reply } from '#engine/resp/decode.ts'
import { encodeCommand } from '#engine/resp/encode.ts'
import { Link } from '#engine/resp/link.ts'
import { openControl } from '#engine/redis/control.ts'
import { failureOf } from '../support/failure-of.ts'
import { startProxy } from '../support/proxy.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { connectionTo } from '../support/sync-ends.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

afterAll(async () => {
  await server.stop()
})

beforeEach(async () => {
  await server.call('FLUSHALL')
})

const open = (options: Parameters<typeof Link.open>[1] = {}): Promise<Link> =>
  Link.open({ host: server.host, port: server.port }, options)

/** Writes, and keeps what is told. */
function listen(link: Link, bytes: Uint8Array, replies: number): { replies: Reply[]; lost: Failure[] } {
  const told = { replies: [] as Reply[], lost: [] as Failure[] }
  link.write(bytes, replies, {
    reply: (reply) => told.replies.push(reply),
    oks: (count) => told.replies.push(...Array.from({ length: count }, () => 'OK')),
    lost: (failure) => told.lost.push(failure),
  })
  return told
}

const commands = (...lines: string[]): Buffer =>
  Buffer.concat(lines.map((line) => encodeCommand(line.split(' '))))

describe('replies', () => {
  test('go to the write that asked, in order, across runs of OK', async () => {
    using link = await open()
    const first = listen(link, commands('SET a 1', 'SET b 2', 'GET a'), 3)
    const second = listen(link, commands('SET c 3'), 1)
    const third = listen(link, commands('SET d 4', 'LPUSH a x', 'GET d'), 3)
    expect(await link.call(['GET', 'c'])).toEqual(Buffer.from('3'))
    expect(first.replies).toEqual(['OK', 'OK', Buffer.from('1')])
    expect(second.replies).toEqual(['OK'])
    expect(third.replies).toEqual(['OK', expect.any(ReplyError), Buffer.from('4')])
  })

  test('of many thousand calls under way at once each find their own', async () => {
    using link = await open()
    const calls = Array.from({ length: 5_000 }, (_, index) => link.call(['ECHO', index]))
    expect((await Promise.all(calls)).map(String)).toEqual(calls.map((_, index) => String(index)))
  })

  test('come for a command cut over several writes, the earlier of which have none', async () => {
    using link = await open()
    const whole = commands('SET long value')
    const sent = await new Promise<boolean>((resolve) =>
      link.write(whole.subarray(0, 20), 0, {
        reply: () => resolve(false),
        oks: () => resolve(false),
        lost: () => resolve(false),
        sent: () => resolve(true),
      }),
    )
    expect(sent).toBe(true)
    expect(await link.exchange(whole.subarray(20), 1)).toEqual(['OK'])
    expect(await server.call('GET', 'long')).toBe('value')
  })

  test('nobody asked for end the link', async () => {
    using link = await open()
    link.socket.write(commands('PING'))
    expect((await failureOf(link.call(['GET', 'a']).then(() => link.call(['PING'])))).code).toBe(
      'connect.not-redis',
    )
  })
})

describe('a lost link', () => {
  test('tells every unanswered write once, and each later one', async () => {
    using link = await open()
    const id = await link.call(['CLIENT', 'ID'])
    const waiting = [1, 2, 3].map(() => listen(link, commands('BLPOP nothing 0'), 1))
    await server.call('CLIENT', 'KILL', 'ID', Number(id))
    await expect.poll(() => link.failure?.code).toBe('connect.lost')
    const later = listen(link, commands('PING'), 1)
    link.close()
    for (const { replies, lost } of [...waiting, later])
      expect([replies, lost.map(({ code }) => code)]).toEqual([[], ['connect.lost']])
  })

  test('tells a write that waits for no reply as well', async () => {
    using link = await open()
    link.close()
    expect(listen(link, Buffer.from('*2\r\n'), 0).lost).toHaveLength(1)
  })

  test('by a fault of whoever hears the replies is not blamed on the server', async () => {
    using link = await open()
    link.write(commands('PING'), 1, {
      reply: () => {
        throw new TypeError('a fault of ours')
      },
      oks: () => undefined,
      lost: () => undefined,
    })
    await expect.poll(() => link.failure?.code).toBe('internal.unexpected')
  })
})

describe('a server that says nothing', () => {
  test('is given up when it owes an answer, not before', async () => {
    await using silent = await startRedis()
    using link = await Link.open({ host: silent.host, port: silent.port }, { silenceMs: 300 })
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(link.failure).toBe(null)
    process.kill(silent.pid, 'SIGSTOP')
    try {
      expect(await failureOf(link.call(['PING']))).toMatchObject({
        code: 'connect.timeout',
        params: { seconds: 0.3 },
      })
    } finally {
      process.kill(silent.pid, 'SIGCONT')
    }
  })

  test('to our greeting does not keep a cancelled opening', async () => {
    const sockets: { destroy(): unknown }[] = []
    const mute = createServer((socket) => sockets.push(socket))
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    try {
      const controller = new AbortController()
      const opening = Link.open(
        { host: '127.0.0.1', port: (mute.address() as AddressInfo).port },
        { signal: controller.signal },
      )
      setTimeout(() => controller.abort(), 100)
      const started = performance.now()
      expect((await failureOf(opening)).code).toBe('job.cancelled')
      expect(performance.now() - started).toBeLessThan(2_000)
    } finally {
      for (const socket of sockets) socket.destroy()
      mute.close()
    }
  })

  test('once opened, is ended by a signal only while asked to', async () => {
    const controller = new AbortController()
    using link = await open({ signal: controller.signal })
    using other = await open()
    const tied = other.endWith(controller.signal)
    controller.abort()
    expect(other.failure?.code).toBe('job.cancelled')
    expect(link.failure).toBe(null)
    tied[Symbol.dispose]()
  })
})

test('over TLS, a byte that is another one at its end ends a link: it is not written to any more', async () => {
  await using secured = await startRedis({ tls: true })
  await using wire = await startProxy(secured.port)
  await using control = await openControl(connectionTo({ port: wire.port, tls: secured.tls }))
  const waiting = control.call('BLPOP', 'list', 0)
  await expect.poll(() => secured.cli('INFO', 'clients')).toContain('blocked_clients:1')
  // That the server hangs up is heard later.
  wire.corrupt('to-client')
  wire.delayMs = 300
  await secured.call('RPUSH', 'list', 'x')
  let told: Failure | null = null
  void failureOf(waiting).then((failure) => (told = failure))
  while (told === null) {
    control.call('PING').catch(() => undefined)
    await sleep(10)
  }
  expect(told).toMatchObject({ code: 'connect.lost', cause: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC' })
  expect((await failureOf(control.call('PING'))).code).toBe('connect.lost')
})
