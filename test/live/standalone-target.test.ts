import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeFailure } from '#contract/failure.ts'
import { encodeCommand, type Argument } from '#engine/resp/encode.ts'
import { Block } from '#engine/target/block.ts'
import { StandaloneTarget } from '#engine/target/standalone.ts'
import { failureOf } from '../support/failure-of.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

const blockBytes = 128 * 1024
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

interface Opened extends Disposable {
  readonly target: StandaloneTarget
  readonly answered: Block[]
  readonly cancel: () => void
  /** An empty block. */
  readonly take: () => Promise<Block>
}

async function open(connections: number, to = server): Promise<Opened> {
  const answered: Block[] = []
  const controller = new AbortController()
  const blocks = Array.from({ length: connections * 2 + 1 }, () => new Block(Buffer.alloc(blockBytes)))
  const target = await StandaloneTarget.open(
    { host: to.host, port: to.port },
    {
      connections,
      name: 'test',
      signal: controller.signal,
      blocks: () => blocks,
      onAnswered: (block) => void answered.push(block),
    },
  )
  return {
    target,
    answered,
    cancel: () => controller.abort(),
    take: async () => {
      const block = await target.takeBlock()
      block.clear()
      return block
    },
    [Symbol.dispose]: () => target.close(),
  }
}

function put(block: Block, ...args: readonly Argument[]): void {
  const bytes = encodeCommand(args)
  block.memory.set(bytes, block.position)
  block.position += bytes.length
  block.commands += 1
}

/** Writes until the target fails. */
async function writeForEver({ target, take }: Opened): Promise<never> {
  for (;;) {
    const block = await take()
    for (let index = 0; index < 500; index += 1) put(block, 'INCR', `count:${index}`)
    await target.send(block)
  }
}

describe('blocks', () => {
  test.each([1, 8])(
    'go through %i connections, many more than there are, each answered once',
    async (connections) => {
      using opened = await open(connections)
      const { target, answered, take } = opened
      for (let turn = 0; turn < 200; turn += 1) {
        const block = await take()
        for (let index = 0; index < 300; index += 1) put(block, 'INCR', `count:${index}`)
        await target.send(block)
      }
      await target.drained()
      expect(answered).toHaveLength(200)
      expect(await server.call('GET', 'count:299')).toBe('200')
    },
  )

  test('keep what was refused, with the number of the command', async () => {
    using opened = await open(1)
    const { target, take } = opened
    const block = await take()
    put(block, 'SET', 'text', 'a')
    put(block, 'LPUSH', 'text', 'b')
    put(block, 'SET', 'other', 'c')
    put(block, 'INCR', 'text')
    await target.send(block)
    await target.drained()
    expect(block.refusals.map(({ command, text }) => [command, text.split(' ')[0]])).toEqual([
      [1, 'WRONGTYPE'],
      [3, 'ERR'],
    ])
  })

  test('of their own memory wait for one another, not for the free ones', async () => {
    using opened = await open(2)
    const { target, answered } = opened
    const value = Buffer.alloc(12_000_000, 'v')
    for (let index = 0; index < 6; index += 1) {
      const bytes = encodeCommand(['SET', `loose ${index}`, value])
      const block = new Block(bytes)
      block.position = bytes.length
      block.commands = 1
      await target.sendLoose(block)
    }
    await target.drained()
    expect(answered).toHaveLength(6)
    expect(await server.call('STRLEN', 'loose 5')).toBe(value.length)
  })
})

test.each([1, 3])(
  'a pinned lane applies commands cut over blocks in order, while %i connections are busy and a block is held',
  async (connections) => {
    using opened = await open(connections)
    const { target, take } = opened
    await take()
    for (let turn = 0; turn < 2; turn += 1) {
      const block = await take()
      put(block, 'SET', `other ${turn}`, Buffer.alloc(100_000))
      await target.send(block)
    }
    const value = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index % 251))
    const commands = [
      ['SET', 'long', value],
      ['APPEND', 'long', value],
      ['RENAME', 'long', 'whole'],
    ].map((args) => encodeCommand(args))
    const bytes = Buffer.concat(commands)
    const ends = commands.map((_, index) =>
      commands.slice(0, index + 1).reduce((sum, { length }) => sum + length, 0),
    )
    const lane = await target.pin()
    for (let at = 0; at < bytes.length; at += blockBytes) {
      const block = await take()
      const piece = bytes.subarray(at, at + blockBytes)
      block.memory.set(piece)
      block.position += piece.length
      block.commands = ends.filter((end) => end > at && end <= at + piece.length).length
      await lane.send(block)
    }
    await lane.idle()
    await target.drained()
    const whole = (await server.callBuffer('GET', 'whole')) as Buffer
    expect(whole.equals(Buffer.concat([value, value]))).toBe(true)
  },
)

describe('the loss of one connection', () => {
  test('ends the work on all, and tells whoever waits for whatever', async () => {
    using opened = await open(4)
    const { target } = opened
    const work = failureOf(writeForEver(opened))
    await sleep(50)
    await server.call('CLIENT', 'KILL', 'ID', Number(target.clientIds[2]))
    expect((await work).code).toBe('connect.lost')
    expect((await failureOf(target.drained())).code).toBe('connect.lost')
    expect((await failureOf(target.pin())).code).toBe('connect.lost')
    expect((await failureOf(target.sendLoose(new Block(Buffer.alloc(8))))).code).toBe('connect.lost')
    await expect.poll(async () => String(await server.call('CLIENT', 'LIST'))).not.toMatch(/name=test:\d/)
  })

  test('counts no block as answered that was not', async () => {
    using opened = await open(2)
    const { target, answered, take } = opened
    const block = await take()
    put(block, 'SET', 'a', '1')
    put(block, 'BLPOP', 'nothing', '0')
    await target.send(block)
    await sleep(50)
    await server.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    expect((await failureOf(target.drained())).code).toBe('connect.lost')
    expect(answered).toEqual([])
  })
})

test('giving up for a reason tells the reason, to those that wait too', async () => {
  using opened = await open(1)
  const { target, take } = opened
  const held = await take()
  put(held, 'BLPOP', 'nothing', '0')
  await target.send(held)
  await take()
  await take()
  const waiting = [failureOf(take()), failureOf(target.drained()), failureOf(target.pin())]
  target.abandon(makeFailure('target.out-of-memory'))
  for (const failure of await Promise.all(waiting)) expect(failure.code).toBe('target.out-of-memory')
})

test('a target that owes answers does not keep a cancelled work', async () => {
  await using silent = await startRedis()
  using opened = await open(2, silent)
  process.kill(silent.pid, 'SIGSTOP')
  try {
    const work = failureOf(writeForEver(opened))
    await sleep(200)
    const started = performance.now()
    opened.cancel()
    expect((await work).code).toBe('job.cancelled')
    expect(performance.now() - started).toBeLessThan(10_000)
  } finally {
    process.kill(silent.pid, 'SIGCONT')
  }
})
