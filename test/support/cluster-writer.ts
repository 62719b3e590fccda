import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import type { TlsFiles } from './tls-files.ts'
import { randomFrom, type Writer } from './writer.ts'

export interface ClusterWriterOptions {
  readonly ports: readonly number[]
  /** Commands a second, about. */
  readonly rate?: number
  /** How many hash tags the keys are spread over. */
  readonly tags?: number
  readonly seed?: number
  readonly password?: string
  /** The servers speak TLS. */
  readonly tls?: TlsFiles | null
  /** There is one server, which is no cluster. */
  readonly alone?: boolean
}

type Command = readonly [string, ...(string | number)[]]
/** One command, or several that are one transaction. */
type Step = (key: (kind: string) => string, random: (below: number) => number) => Command | readonly Command[]

/** What cannot be done twice, be left out, or be done in another order, without being seen afterwards. */
const steps: readonly Step[] = [
  (key) => ['INCR', key('count')],
  (key) => ['INCR', key('count')],
  (key, r) => ['APPEND', key('text'), String.fromCharCode(97 + r(26))],
  (key, r) => ['APPEND', key('text'), String.fromCharCode(97 + r(26))],
  (key, r) => ['LPUSH', key('list'), r(1e6), r(1e6)],
  (key) => ['RPOP', key('list')],
  (key, r) => ['HINCRBY', key('hash'), `f${r(20)}`, r(100)],
  (key, r) => ['ZINCRBY', key('zset'), r(10), `m${r(30)}`],
  (key, r) => ['XADD', key('stream'), 'MAXLEN', '~', 200, '*', 'n', r(1e6)],
  (key, r) => ['SADD', key('set'), r(100)],
  (key) => ['DEL', key('count')],
  (key, r) => ['SET', key('short'), r(1e6), 'PX', 200 + r(3000)],
  (key, r) => ['EXPIRE', key('hash'), 20 + r(100)],
  (key) => ['PERSIST', key('hash')],
  (key, r) => ['SETRANGE', key('text'), r(50), 'Z'],
  (key) => ['RENAME', key('list'), key('list')],
  (key, r) => [
    ['INCR', key('count')],
    ['APPEND', key('text'), 't'],
    ['RPUSH', key('list'), r(1e6)],
  ],
  (key, r) => [
    'EVAL',
    "redis.call('INCRBY', KEYS[1], ARGV[1]); return redis.call('APPEND', KEYS[2], '!')",
    2,
    key('count'),
    key('text'),
    r(9),
  ],
]

/** Writes to a cluster what an application would, following its slots and failovers. */
export function startClusterWriter({
  ports,
  rate = 1_000,
  tags = 150,
  seed = 1,
  password,
  tls = null,
  alone = false,
}: ClusterWriterOptions): Writer {
  const redisOptions = {
    disableClientInfo: true,
    ...(password !== undefined && { password }),
    ...(tls !== null && { tls: { ca: readFileSync(tls.ca) } }),
  }
  const client = alone
    ? new Redis({ ...redisOptions, port: ports[0]! })
    : new Cluster(
        ports.map((port) => ({ host: '127.0.0.1', port })),
        { redisOptions, slotsRefreshInterval: 500, retryDelayOnFailover: 100 },
      )
  client.on('error', () => undefined)
  const random = randomFrom(seed)
  let stopped = false
  let paused = false
  let written = 0
  let refused = 0
  const everyMs = 20
  const perTurn = Math.max(1, Math.round((rate * everyMs) / 1000))

  async function send(step: Command | readonly Command[]): Promise<void> {
    const [first, ...others] = step
    if (typeof first === 'string') {
      await client.call(first, others as (string | number)[])
      return
    }
    const transaction = client.multi()
    for (const [name, ...args] of step as readonly Command[]) transaction.call(name, args)
    await transaction.exec()
  }

  async function work(): Promise<void> {
    while (!stopped) {
      if (paused) {
        await sleep(everyMs)
        continue
      }
      const sent = Array.from({ length: perTurn }, () => {
        const tag = random(tags)
        const key = (kind: string): string => `{t${tag}}${kind}:${random(3)}`
        return send(steps[random(steps.length)]!(key, random)).then(
          () => (written += 1),
          () => (refused += 1),
        )
      })
      await Promise.all(sent)
      await sleep(everyMs)
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
      // Where nobody lets it in any more, some of what it has sent is never answered.
      await Promise.race([working, sleep(1_000)])
      client.disconnect()
    },
  }
}
