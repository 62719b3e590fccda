import { application } from './doors.ts'
import type { RedisServer } from './redis-server.ts'

export interface CountingWriters {
  /** Of each key: how often INCR was answered, hence the least its value may be. */
  readonly acknowledged: ReadonlyMap<string, number>
  /** Resolves once each of them has written so often. */
  wrote(times: number): Promise<void>
  /** Ends them; resolves when the last answer is in. */
  stop(): Promise<void>
}

/** Clients that each count in a key of their own, 20 commands on their way at a time, until they are sent away. */
export async function startCounting(
  server: Pick<RedisServer, 'host' | 'port'>,
  keys: readonly string[],
  auth: { readonly username?: string; readonly password?: string },
): Promise<CountingWriters> {
  const acknowledged = new Map(keys.map((key) => [key, 0]))
  let stopped = false
  const writers = await Promise.all(
    keys.map(async (key) => {
      const client = application(server, auth)
      await client.connect()
      const one = async (): Promise<void> => {
        while (!stopped) {
          try {
            await client.incr(key)
          } catch {
            return
          }
          acknowledged.set(key, acknowledged.get(key)! + 1)
        }
      }
      const ended = Promise.all(Array.from({ length: 20 }, one))
      return { ended, client }
    }),
  )
  return {
    acknowledged,
    async wrote(times) {
      const deadline = Date.now() + 30_000
      while ([...acknowledged.values()].some((count) => count < times)) {
        if (Date.now() > deadline) throw new Error(`the writers did not write ${times} times`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    async stop() {
      stopped = true
      for (const { ended, client } of writers) {
        await ended
        client.disconnect()
      }
    },
  }
}
