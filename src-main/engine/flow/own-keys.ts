import { FailureError } from '#contract/failure.ts'
import type { Control } from '../redis/control.ts'
import type { Argument } from '../resp/encode.ts'
import type { PreparedUnit } from '../target/transaction-frame.ts'
import { ownKeyPrefix, type TaskKeys, type TaskMeta } from './checkpoint.ts'
import { leaseCommand, type Holder } from './lease.ts'

/**
 * What must stand behind a unit that takes our own keys away (FLUSHALL, FLUSHDB of database 0, SWAPDB with it),
 * in the same transaction, so that no moment lacks them. The lanes' checkpoints are written there anyway.
 */
export async function commandsToKeepOurKeys(
  unit: PreparedUnit,
  control: Control,
  keys: TaskKeys,
  meta: TaskMeta,
  holder: Holder,
): Promise<readonly (readonly Argument[])[]> {
  const flushed = unit.commands.some(
    ({ name, db }) => name === 'FLUSHALL' || (name === 'FLUSHDB' && db === 0),
  )
  const swappedWith = unit.commands.flatMap(({ name, bytes }) => (name === 'SWAPDB' ? partner(bytes) : []))
  if (!flushed && swappedWith.length === 0) return []
  const members = (await control.callBuffer('SMEMBERS', keys.repair)) as readonly Buffer[]
  const scripts = (await control.callBuffer('HGETALL', keys.scripts)) as readonly Buffer[]
  const all = keysOfTask(keys, meta.lanes)
  return [
    ...swappedWith.flatMap((db): (readonly Argument[])[] => [
      ['SELECT', db],
      ['DEL', ...all],
      ['SELECT', 0],
    ]),
    ['SET', keys.meta, JSON.stringify(meta)],
    leaseCommand(keys, holder),
    ...(members.length === 0 ? [] : [['SADD', keys.repair, ...members]]),
    ...(scripts.length === 0 ? [] : [['HMSET', keys.scripts, ...scripts]]),
  ]
}

/** Every key that a task or one of its shards has in its target, but for values that are being written in pieces. */
export function keysOfTask(keys: TaskKeys, lanes: number): readonly string[] {
  const places = Array.from({ length: lanes }, (_, index) => keys.lane(index))
  return [keys.meta, keys.lease, keys.repair, keys.moved, keys.stale, keys.scripts, ...places]
}

/** How many of these there are, in the database selected. EXISTS takes several only since 3.0.3. */
export async function countExisting(control: Control, keys: readonly string[]): Promise<number> {
  const there = await Promise.all([...new Set(keys)].map((key) => control.call('EXISTS', key)))
  return there.filter((reply) => reply === 1).length
}

/** The database that changes places with database 0, if one does. */
function partner(swap: Uint8Array): readonly number[] {
  const words = Buffer.from(swap).toString('latin1').split('\r\n')
  const [a, b] = [Number(words[4]), Number(words[6])]
  return a === b ? [] : a === 0 ? [b] : b === 0 ? [a] : []
}

/** Many at a step: only ours travel, and writes may be waiting for it. */
const scanCount = 10_000

/**
 * Takes a task's keys out of a server: checkpoints, and values that were being written in pieces. What says that there
 * is a task, and whose, stays.
 */
export async function removeTaskKeys(
  control: Control,
  keys: TaskKeys,
  databases: readonly number[],
): Promise<void> {
  for (const db of new Set([0, ...databases])) {
    await control.call('SELECT', db)
    for await (const found of keysThatBegin(control, keys.prefix)) {
      // Until the lease goes nobody else may begin; and what is left after a crash must say what it was.
      const theirs = found.filter((key) => key.toString() !== keys.lease && key.toString() !== keys.meta)
      // One by one: in a cluster they are of different slots.
      await Promise.all(theirs.map((key) => control.call('DEL', key)))
    }
  }
  await control.call('SELECT', 0)
}

/** Of the database selected, in batches. A server without SCAN (before 2.8) tells them all at once. */
async function* keysThatBegin(control: Control, prefix: string): AsyncGenerator<readonly Buffer[], void> {
  let cursor = '0'
  do {
    const scan = ['SCAN', cursor, 'MATCH', `${prefix}*`, 'COUNT', scanCount] as const
    const answer = await control.callBuffer(...scan).catch((thrown: unknown) => {
      if (thrown instanceof FailureError && thrown.failure.code === 'server.unknown-command') return null
      throw thrown
    })
    if (answer === null) {
      yield (await control.callBuffer('KEYS', `${prefix}*`)) as unknown as readonly Buffer[]
      return
    }
    const [next, found] = answer as unknown as [Buffer, readonly Buffer[]]
    cursor = next.toString()
    yield found
  } while (cursor !== '0')
}

/** Is this key ours, of whichever task? */
export function isOurs(key: Uint8Array): boolean {
  return prefix.equals(key.subarray(0, prefix.length))
}

const prefix = Buffer.from(ownKeyPrefix)
