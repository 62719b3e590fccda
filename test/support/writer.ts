import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

export interface WriterOptions {
  readonly port: number
  readonly password?: string
  /** Commands a second, about. */
  readonly rate?: number
  /** How many different keys of each kind. */
  readonly keys?: number
  /** For the same sequence of commands again. */
  readonly seed?: number
}

export interface Writer {
  /** Commands that were answered. */
  readonly written: number
  /** Commands that were refused (the source frozen, say). */
  readonly refused: number
  /** Ends it; resolves when the last answer is in. */
  stop(): Promise<void>
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

type Step = (random: (below: number) => number, keys: number) => (string | number | Buffer)[][]

const key = (kind: string, random: (below: number) => number, keys: number): string =>
  `${kind}:${random(keys)}`

/** What cannot be done twice, and not be left out, without being seen afterwards. */
const steps: readonly (readonly [weight: number, step: Step])[] = [
  [20, (r, n) => [['INCR', key('count', r, n)]]],
  [10, (r, n) => [['APPEND', key('text', r, n), String.fromCharCode(97 + r(26))]]],
  [8, (r, n) => [['LPUSH', key('list', r, n), r(1e6), r(1e6)]]],
  [5, (r, n) => [['RPOP', key('list', r, n)]]],
  [5, (r, n) => [['HINCRBY', key('hash', r, n), `f${r(20)}`, r(100)]]],
  [5, (r, n) => [['ZINCRBY', key('zset', r, n), r(10), `m${r(30)}`]]],
  [4, (r, n) => [['XADD', key('stream', r, n), 'MAXLEN', '~', 200, '*', 'n', r(1e6)]]],
  [3, (r, n) => [['SETRANGE', key('text', r, n), r(50), 'Z']]],
  [3, (r, n) => [['SADD', key('set', r, n), r(100)]]],
  [2, (r, n) => [['SPOP', key('set', r, n)]]],
  [2, (r, n) => [['DEL', key('count', r, n)]]],
  [2, (r, n) => [['RENAME', key('list', r, n), key('list', r, n)]]],
  [2, (r, n) => [['SMOVE', key('set', r, n), key('set', r, n), r(100)]]],
  [2, (r, n) => [['LMOVE', key('list', r, n), key('list', r, n), 'LEFT', 'RIGHT']]],
  [2, (r, n) => [['SUNIONSTORE', key('union', r, n), key('set', r, n), key('set', r, n)]]],
  [
    3,
    (r, n) => [
      ['MULTI'],
      ['INCR', key('count', r, n)],
      ['APPEND', key('text', r, n), 't'],
      ['RPUSH', key('list', r, n), r(1e6)],
      ['EXEC'],
    ],
  ],
  [
    2,
    (r, n) => [
      [
        'EVAL',
        "redis.call('INCRBY', KEYS[1], ARGV[1]); return redis.call('APPEND', KEYS[2], '!')",
        2,
        key('count', r, n),
        key('text', r, n),
        r(9),
      ],
    ],
  ],
  [3, (r, n) => [['SET', key('short', r, n), r(1e6), 'PX', 200 + r(3000)]]],
  [3, (r, n) => [['EXPIRE', key('hash', r, n), 2 + r(100)]]],
  [2, (r, n) => [['PERSIST', key('hash', r, n)]]],
  [
    1,
    (r, n) => [
      ['SELECT', 3],
      ['INCR', key('count', r, n)],
      ['SELECT', 0],
    ],
  ],
  [1, (r) => [['SET', Buffer.from([0, 255, 10, 13, r(256)]), Buffer.from([r(256), 0, 13, 10])]]],
]

const wheel: readonly Step[] = steps.flatMap(([weight, step]) => Array.from({ length: weight }, () => step))

/**
 * Writes to a server what an application would, and what a copy must do exactly once: counters, appends,
 * pushes and pops, streams, transactions, scripts, renewed expiries, over several databases.
 */
export function startWriter({ port, password, rate = 5_000, keys = 500, seed = 1 }: WriterOptions): Writer {
  const redis = new Redis({
    port,
    ...(password === undefined ? {} : { password }),
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  redis.on('error', () => undefined)
  const random = randomFrom(seed)
  let stopped = false
  let written = 0
  let refused = 0
  const everyMs = 20
  const perTurn = Math.max(1, Math.round((rate * everyMs) / 1000))

  async function work(): Promise<void> {
    let next = performance.now()
    while (!stopped) {
      const pipeline = redis.pipeline()
      for (let count = 0; count < perTurn; count += 1)
        for (const [name, ...args] of wheel[random(wheel.length)]!(random, keys))
          pipeline.call(String(name), ...args)
      const replies = (await pipeline.exec().catch(() => null)) ?? []
      for (const [error] of replies) {
        if (error === null) written += 1
        else refused += 1
      }
      if (redis.status !== 'ready') return
      next += everyMs
      await sleep(Math.max(0, next - performance.now()))
    }
  }

  const working = work()
  return {
    get written() {
      return written
    },
    get refused() {
      return refused
    },
    async stop() {
      stopped = true
      await working
      redis.disconnect()
    },
  }
}
