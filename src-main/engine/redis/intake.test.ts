import { createServer, type AddressInfo, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { ByteStream } from './byte-stream.ts'
import { dialTcp } from './dial-tcp.ts'
import { Intake } from './intake.ts'

const size = 24 * 1024 * 1024
/** No two places of it that memory used again could confuse have the same bytes. */
const sent = Buffer.alloc(size)
for (let at = 0; at < size; at += 4) sent.writeUInt32LE(at, at)

const cleanUp: (() => void)[] = []
afterEach(() => {
  for (const one of cleanUp.splice(0)) one()
})

/** Dialed to a server that does this with who comes. */
async function dialed(serve: (socket: Socket) => void): Promise<Intake> {
  const server = createServer((socket) => {
    cleanUp.push(() => socket.destroy())
    socket.on('error', () => undefined)
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const intake = new Intake()
  const socket = await dialTcp({ host: '127.0.0.1', port }, { into: intake })
  cleanUp.push(
    () => socket.destroy(),
    () => server.close(),
  )
  return intake
}

/** A stream that is not a socket, as TLS and tunnels are. */
function poured(): Intake {
  const stream = new PassThrough()
  const intake = new Intake()
  intake.attach(stream as unknown as ByteStream, 'from-here')
  void pipeline([sent], stream).catch(() => undefined)
  return intake
}

test.each([
  ['a socket', () => dialed((socket) => socket.end(sent))],
  ['another stream', () => Promise.resolve(poured())],
])('a slow reader gets everything in order from %s, and then its end', async (_, open) => {
  const intake = await open()
  let at = 0
  for (let turns = 0; ; turns += 1) {
    const taken = await intake.next()
    if (taken === null) break
    // Held for a while, in which more comes in.
    for (let wait = 0; wait < turns % 7; wait += 1) await turn()
    expect(taken.bytes.equals(sent.subarray(at, at + taken.bytes.length))).toBe(true)
    at += taken.bytes.length
  }
  expect(at).toBe(size)
})

test('a piece bears the time when its first byte came', async () => {
  const before = Date.now()
  const intake = new Intake()
  let now = before
  const clock = Date.now
  Date.now = () => now
  cleanUp.push(() => (Date.now = clock))
  for (const [at, bytes] of [
    [before, 10],
    [before + 5, 20],
    [before + 9, 30],
  ] as const) {
    now = at
    intake.room().fill(1, 0, bytes)
    intake.took(bytes)
  }
  expect(await intake.next()).toMatchObject({ receivedAt: before, bytes: { length: 60 } })
  now = before + 50
  intake.took(1)
  expect(await intake.next()).toMatchObject({ receivedAt: before + 50, bytes: { length: 1 } })
  expect(intake.heardAt).toBe(before + 50)
})

test('a stream that breaks is told behind what had come', async () => {
  const stream = new PassThrough()
  const intake = new Intake()
  intake.attach(stream as unknown as ByteStream, 'from-here')
  stream.write('one')
  expect((await intake.next())?.bytes.toString()).toBe('one')
  stream.destroy(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))
  await expect(intake.next()).rejects.toMatchObject({ code: 'ECONNRESET' })
})
