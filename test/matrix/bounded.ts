import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisServer } from '../support/redis-server.ts'

const logLines = 3

/**
 * Work at a server, given up when the server ends or after `limitMs`: then it rejects with the reason, whether or not
 * the work ends by the signal it is given.
 */
export async function bounded<T>(
  server: RedisServer,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  const late = async (): Promise<string> => {
    await sleep(limitMs, undefined, { signal: over.signal })
    return `not done within ${limitMs / 1000} s`
  }
  const gone = async (): Promise<string> => `the server ended ${await server.ended}: ${lastWords(server)}`
  const givenUp = Promise.race([late(), gone()]).then((reason) => {
    throw new Error(reason)
  })
  try {
    return await Promise.race([work(over.signal), givenUp])
  } catch (thrown) {
    // What a dying server does to the work is told before its end is.
    const reason = await Promise.race([gone(), sleep(200, null)])
    throw reason === null ? thrown : new Error(reason, { cause: thrown })
  } finally {
    over.abort()
  }
}

function lastWords({ dir }: RedisServer): string {
  const path = join(dir, 'server.log')
  if (!existsSync(path)) return 'its folder is gone too'
  const log = readFileSync(path, 'utf8')
  return log.trimEnd().split('\n').slice(-logLines).join(' | ')
}
