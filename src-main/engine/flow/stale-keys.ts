import type { Connection } from '#contract/connection.ts'
import { openControl, type Control } from '../redis/control.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import { formatDbKey, type TaskKeys } from './checkpoint.ts'
import { isOurs } from './own-keys.ts'

/**
 * Finds keys of the target that the source does not have, left by an earlier copy, and lists them for a fresh
 * copy: which finds nothing at the source, and removes them at the right place in the stream. Resolves with how
 * many there were.
 */
export async function removeStaleKeys(
  target: Control,
  source: Connection,
  keys: TaskKeys,
  name: string,
  signal: AbortSignal,
): Promise<number> {
  await using asked = await openControl(source, { signal, name })
  const dbs = Object.keys(keyspaceOf(parseInfo(String(await target.call('INFO', 'keyspace'))))).map(Number)
  let stale = 0
  for (const db of dbs) {
    let cursor = '0'
    do {
      const [, scanned] = await Promise.all([
        target.call('SELECT', db),
        target.callBuffer('SCAN', cursor, 'COUNT', 500),
        target.call('SELECT', 0),
      ])
      const [next, found] = scanned as unknown as [Buffer, readonly Buffer[]]
      cursor = next.toString()
      const theirs = found.filter((key) => !isOurs(key))
      const [, ...present] = await Promise.all([
        asked.call('SELECT', db),
        ...theirs.map((key) => asked.call('EXISTS', key)),
      ])
      const missing = theirs.filter((_, index) => present[index] === 0)
      stale += missing.length
      if (missing.length > 0)
        await target.call('SADD', keys.repair, ...missing.map((key) => formatDbKey({ db, key })))
    } while (cursor !== '0' && !signal.aborted)
  }
  return stale
}
