import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import type { RedisServer } from './redis-server.ts'

export interface ClientAuth {
  readonly username?: string
  readonly password?: string
}

/** One client of an application, and what it was promised. */
export interface AcknowledgingClient {
  /** The list it writes its numbers to. */
  readonly list: string
  /** Where a transaction or script also leaves its number; null for clients that send single commands. */
  readonly beside: string | null
  /** The numbers whose write was answered, in order. */
  readonly acknowledged: readonly number[]
  /** Writes that were answered by a refusal, or not at all. */
  readonly refused: number
}

export interface AcknowledgingClients {
  readonly clients: readonly AcknowledgingClient[]
  /** Resolves once each of them has been answered so often. */
  wrote(times: number): Promise<void>
  /** Resolves once each of them has been refused so often: it has come back, and was turned away. */
  turnedAway(times: number): Promise<void>
  /** Ends them; resolves when the last answer is in. */
  stop(): Promise<void>
}

const script = `redis.call('SET', KEYS[2], ARGV[1]); return redis.call('RPUSH', KEYS[1], ARGV[1])`
const turnMs = 20
const patienceMs = 60_000

/** How a client sends some numbers; gives those that were answered. */
type Way = (
  redis: Redis | Cluster,
  client: { list: string; beside: string },
  numbers: readonly number[],
) => Promise<number[]>

const ways: readonly (readonly [name: string, writesBeside: boolean, way: Way])[] = [
  [
    'single',
    false,
    async (redis, { list }, numbers) => {
      const answered: number[] = []
      for (const number of numbers) {
        const isAnswered = await redis.rpush(list, number).then(
          () => true,
          () => false,
        )
        if (isAnswered) answered.push(number)
      }
      return answered
    },
  ],
  [
    'pipeline',
    false,
    async (redis, { list }, numbers) => {
      const pipeline = redis.pipeline()
      for (const number of numbers) pipeline.rpush(list, number)
      const replies = (await pipeline.exec().catch(() => null)) ?? []
      return numbers.filter((_, at) => replies[at]?.[0] === null)
    },
  ],
  [
    'multi',
    true,
    async (redis, { list, beside }, numbers) => {
      const transactions = numbers.map(async (number) => {
        const replies = await redis.multi().set(beside, number).rpush(list, number).exec()
        return replies !== null && replies.length === 2 && replies.every(([refusal]) => refusal === null)
      })
      const outcomes = await Promise.allSettled(transactions)
      return numbers.filter((_, at) => {
        const outcome = outcomes[at]!
        return outcome.status === 'fulfilled' && outcome.value
      })
    },
  ],
  [
    'script',
    true,
    async (redis, { list, beside }, numbers) => {
      const calls = numbers.map((number) => redis.eval(script, 2, list, beside, number))
      const outcomes = await Promise.allSettled(calls)
      return numbers.filter((_, at) => outcomes[at]!.status === 'fulfilled')
    },
  ],
]

/**
 * Clients as applications are: each comes back with the password it knows as often as it is sent away, and writes one
 * number after the other, `perSecond` of them all together at most, by single commands, pipelines, transactions and
 * scripts, what it writes together in one slot. A number whose answer never came is not sent again. Of a cluster, its
 * nodes.
 */
export function startAcknowledging(
  at: Pick<RedisServer, 'host' | 'port'> | readonly Pick<RedisServer, 'host' | 'port'>[],
  auths: readonly ClientAuth[],
  perSecond: number,
): AcknowledgingClients {
  let stopped = false
  const perTurn = Math.max(1, Math.round((perSecond * turnMs) / 1000 / auths.length))
  const started = auths.map((auth, number) => {
    const [name, writesBeside, way] = ways[number % ways.length]!
    const list = `{${name}:${number}}`
    const acknowledged: number[] = []
    const client = { list, beside: writesBeside ? `${list}:last` : null, acknowledged, refused: 0 }
    const redis = connect(at, auth)
    redis.on('error', () => undefined)
    // A cluster's client that no node lets in has nobody to send anything to.
    redis.on('node error', () => (client.refused += 1))
    const work = async (): Promise<void> => {
      for (let next = 0; !stopped;) {
        const dueAt = performance.now() + turnMs
        if (redis.status === 'ready') {
          const numbers = Array.from({ length: perTurn }, () => next++)
          const answered = await way(redis, { list, beside: `${list}:last` }, numbers)
          acknowledged.push(...answered)
          client.refused += numbers.length - answered.length
        }
        await sleep(Math.max(1, dueAt - performance.now()))
      }
      redis.disconnect()
    }
    return { client, ended: work() }
  })
  const clients = started.map(({ client }) => client)
  return {
    clients,
    wrote: (times) => untilEach(clients, ({ acknowledged }) => acknowledged.length >= times),
    turnedAway(times) {
      const wanted = new Map(clients.map((client) => [client, client.refused + times]))
      return untilEach(clients, (client) => client.refused >= wanted.get(client)!)
    },
    async stop() {
      stopped = true
      for (const { ended } of started) await ended
    },
  }
}

function connect(
  at: Pick<RedisServer, 'host' | 'port'> | readonly Pick<RedisServer, 'host' | 'port'>[],
  auth: ClientAuth,
): Redis | Cluster {
  const options = { ...auth, enableReadyCheck: false, disableClientInfo: true, maxRetriesPerRequest: 0 }
  if (!('host' in at))
    return new Cluster(
      at.map(({ host, port }) => ({ host, port })),
      {
        redisOptions: options,
        enableReadyCheck: false,
        enableOfflineQueue: false,
        // What was not answered is not sent again.
        maxRedirections: 0,
        clusterRetryStrategy: () => turnMs,
      },
    )
  return new Redis({
    ...options,
    host: at.host,
    port: at.port,
    enableOfflineQueue: false,
    retryStrategy: () => turnMs,
  })
}

async function untilEach<Client>(clients: readonly Client[], is: (client: Client) => boolean): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!clients.every(is)) {
    if (Date.now() > deadline) throw new Error('the clients did not get as far as was waited for')
    await sleep(turnMs)
  }
}

/**
 * What a server, that came after the one they wrote to, lacks of what they were promised, in words: each acknowledged
 * number is to be there, each number once and in its order, and beside it the last of a transaction or script.
 */
export async function missingOf(
  { clients }: Pick<AcknowledgingClients, 'clients'>,
  server: Pick<RedisServer, 'call'>,
): Promise<readonly string[]> {
  const missing = clients.map(async ({ list, beside, acknowledged }) => {
    const arrived = ((await server.call('LRANGE', list, 0, -1)) as string[]).map(Number)
    const there = new Set(arrived)
    const lost = acknowledged.filter((number) => !there.has(number))
    const doubled = arrived.filter((number, at) => at > 0 && number <= arrived[at - 1]!)
    const last = beside === null ? null : await server.call('GET', beside)
    return [
      ...lost.map((number) => `${list} lacks ${number}`),
      ...doubled.map((number) => `${list} has ${number} again`),
      ...(beside === null || last === String(arrived.at(-1)) ? [] : [`${beside} is ${String(last)}`]),
    ]
  })
  return (await Promise.all(missing)).flat()
}
