import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { TlsFiles } from './tls-files.ts'

export interface WriterOptions {
  readonly port: number
  readonly password?: string
  /** The server speaks TLS. */
  readonly tls?: TlsFiles | null
  /** Commands a second, about. */
  readonly rate?: number
  /** How many different keys of each kind. */
  readonly keys?: number
  /** For the same sequence of commands again. */
  readonly seed?: number
  /** Begins the name of every key, so that several writers' keys are different ones. */
  readonly prefix?: string
  /** Goes on after the server was away; else a lost connection is its end. */
  readonly comesBack?: boolean
  /** Keeps to database 0. */
  readonly oneDatabase?: boolean
}

export interface Writer {
  /** Commands that were answered. */
  readonly written: number
  /** Commands that were refused (the source frozen, say). */
  readonly refused: number
  /** Writes nothing more, until it is told to go on. */
  pause(): void
  goOn(): void
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

type Step = (
  key: (kind: string) => string,
  random: (below: number) => number,
) => (string | number | Buffer)[][]

const script = "redis.call('INCRBY', KEYS[1], ARGV[1]); return redis.call('APPEND', KEYS[2], '!')"
/** Unknown to a server that has not been told the script yet. */
const scriptSha = createHash('sha1').update(script).digest('hex')

/** What cannot be done twice, and not be left out, without being seen afterwards. */
const steps: readonly (readonly [weight: number, step: Step])[] = [
  [20, (key) => [['INCR', key('count')]]],
  [10, (key, r) => [['APPEND', key('text'), String.fromCharCode(97 + r(26))]]],
  [8, (key, r) => [['LPUSH', key('list'), r(1e6), r(1e6)]]],
  [5, (key) => [['RPOP', key('list')]]],
  [5, (key, r) => [['HINCRBY', key('hash'), `f${r(20)}`, r(100)]]],
  [5, (key, r) => [['ZINCRBY', key('zset'), r(10), `m${r(30)}`]]],
  [4, (key, r) => [['XADD', key('stream'), 'MAXLEN', '~', 200, '*', 'n', r(1e6)]]],
  [3, (key, r) => [['SETRANGE', key('text'), r(50), 'Z']]],
  [3, (key, r) => [['SADD', key('set'), r(100)]]],
  [2, (key) => [['SPOP', key('set')]]],
  [2, (key) => [['DEL', key('count')]]],
  [2, (key) => [['RENAME', key('list'), key('list')]]],
  [2, (key, r) => [['SMOVE', key('set'), key('set'), r(100)]]],
  [2, (key) => [['LMOVE', key('list'), key('list'), 'LEFT', 'RIGHT']]],
  [2, (key) => [['SUNIONSTORE', key('union'), key('set'), key('set')]]],
  [
    3,
    (key, r) => [
      ['MULTI'],
      ['INCR', key('count')],
      ['APPEND', key('text'), 't'],
      ['RPUSH', key('list'), r(1e6)],
      ['EXEC'],
    ],
  ],
  [2, (key, r) => [['EVAL', script, 2, key('count'), key('text'), r(9)]]],
  [1, (key, r) => [['EVALSHA', scriptSha, 2, key('count'), key('text'), r(9)]]],
  [1, (key) => [['INCRBYFLOAT', key('sum'), '0.25']]],
  [1, (key, r) => [['EXPIRE', key('sum'), 30 + r(1000)]]],
  [3, (key, r) => [['SET', key('short'), r(1e6), 'PX', 200 + r(3000)]]],
  [3, (key, r) => [['EXPIRE', key('hash'), 2 + r(100)]]],
  [2, (key) => [['PERSIST', key('hash')]]],
  [
    1,
    (key) => [
      ['SELECT', 3],
      ['INCR', key('count')],
      ['SELECT', 0],
    ],
  ],
  [
    1,
    (key, r) => [
      [
        'SET',
        Buffer.concat([Buffer.from(key('bytes')), Buffer.from([0, 255, 10, 13])]),
        Buffer.from([r(256), 0, 13, 10]),
      ],
    ],
  ],
]

const wheel: readonly Step[] = steps.flatMap(([weight, step]) => Array.from({ length: weight }, () => step))

/**
 * Writes to a server what an application would, and what a copy must do exactly once: counters, appends,
 * pushes and pops, streams, transactions, scripts, renewed expiries, over several databases.
 */
export function startWriter(options: WriterOptions): Writer {
  const {
    port,
    password,
    tls = null,
    rate = 5_000,
    keys = 500,
    seed = 1,
    prefix = '',
    comesBack = false,
  } = options
  const { oneDatabase = false } = options
  const redis = new Redis({
    port,
    ...(password === undefined ? {} : { password }),
    ...(tls === null ? {} : { tls: { ca: readFileSync(tls.ca) } }),
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => (comesBack ? 50 : null),
  })
  redis.on('error', () => undefined)
  const random = randomFrom(seed)
  const key = (kind: string): string => `${prefix}${kind}:${random(keys)}`
  let stopped = false
  let paused = false
  let written = 0
  let refused = 0
  const everyMs = 20
  const perTurn = Math.max(1, Math.round((rate * everyMs) / 1000))

  async function work(): Promise<void> {
    let next = performance.now()
    while (!stopped) {
      if (paused) {
        await sleep(everyMs)
        next = performance.now()
        continue
      }
      const pipeline = redis.pipeline()
      for (let count = 0; count < perTurn; count += 1)
        for (const [name, ...args] of wheel[random(wheel.length)]!(key, random))
          if (!oneDatabase || name !== 'SELECT') pipeline.call(String(name), ...args)
      const replies = (await pipeline.exec().catch(() => null)) ?? []
      for (const [error] of replies) {
        if (error === null) written += 1
        else refused += 1
      }
      if (redis.status !== 'ready' && !comesBack) return
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
    pause() {
      paused = true
    },
    goOn() {
      paused = false
    },
    async stop() {
      stopped = true
      await working
      redis.disconnect()
    },
  }
}
