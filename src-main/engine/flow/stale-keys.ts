import { join } from 'node:path'
import { createCrc64Arena } from '../bytes/crc64.ts'
import type { Control } from '../redis/control.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import { RdbFile, readingBytes, walkRdbFile } from '../source/rdb-file.ts'
import { encoded, type PreparedCommand, type PreparedUnit } from '../target/transaction-frame.ts'
import { KeySet } from '../verify/key-set.ts'
import { formatDbKey, parseDbKey, type DbKey, type TaskKeys } from './checkpoint.ts'
import { entryKind } from './entry.ts'
import { isOurs } from './own-keys.ts'

const scanCount = 1_000

export interface ListStaleOptions {
  readonly control: Control
  readonly keys: TaskKeys
  /** The folder of the spool that has the snapshot. */
  readonly folder: string
  /** Which of these are certainly other shards'? */
  readonly ofOthers: (keys: readonly DbKey[]) => Promise<readonly boolean[]>
  readonly signal: AbortSignal
}

/**
 * Lists, in the target, the keys that a snapshot just copied over an earlier copy of the same shard does not have: some
 * are the shard's own and gone from it, some are other shards'. Nobody can tell now; see `StaleKeys`.
 */
export async function listStale({
  control,
  keys,
  folder,
  ofOthers,
  signal,
}: ListStaleOptions): Promise<void> {
  const inSnapshot = await keysOfSnapshot(join(folder, 'snapshot.rdb'), signal)
  const keyspace = keyspaceOf(parseInfo(String(await control.call('INFO', 'keyspace'))))
  for (const db of Object.keys(keyspace).map(Number)) {
    let cursor = '0'
    do {
      signal.throwIfAborted()
      // The control connection is shared: SELECT and SCAN must not be parted by another's command.
      const [, scanned] = await Promise.all([
        control.call('SELECT', db),
        control.callBuffer('SCAN', cursor, 'COUNT', scanCount),
        control.call('SELECT', 0),
      ])
      const [next, found] = scanned as unknown as [Buffer, readonly Buffer[]]
      cursor = next.toString()
      const unknown = found
        .filter((key) => !isOurs(key) && !inSnapshot.has(db, key))
        .map((key) => ({ db, key }))
      const others = await ofOthers(unknown)
      const stale = unknown.filter((_, index) => others[index] !== true)
      if (stale.length > 0) await control.call('SADD', keys.stale, ...stale.map(formatDbKey))
    } while (cursor !== '0')
  }
}

async function keysOfSnapshot(path: string, signal: AbortSignal): Promise<KeySet> {
  const keys = new KeySet()
  await using file = await RdbFile.open(path)
  await walkRdbFile(
    file,
    createCrc64Arena(readingBytes),
    {
      batch(batch) {
        for (let index = 0; index < batch.count; index += 1)
          if (batch.kind[index] === entryKind.KEY) keys.add(batch.db[index]!, batch.key(index))
      },
      big: ({ db, key }) => void keys.add(db, key),
    },
    signal,
  )
  return keys
}

/**
 * Keys in the target that a shard's newest snapshot did not have. What of them is the shard's own was deleted there; should
 * its stream write such a key again, the old value must not be gone on from: the key is deleted first, in the same
 * transaction. The rest is taken away in the end where no source has it.
 */
export class StaleKeys {
  readonly #set: string
  readonly #ids: Set<string>

  private constructor(set: string, ids: Set<string>) {
    this.#set = set
    this.#ids = ids
  }

  /** As the target lists them. */
  static async read(control: Control, { stale }: TaskKeys): Promise<StaleKeys> {
    const ids = new Set<string>()
    let cursor = '0'
    do {
      const reply = await control.callBuffer('SSCAN', stale, cursor, 'COUNT', scanCount)
      const [next, members] = reply as unknown as [Buffer, readonly Buffer[]]
      cursor = next.toString()
      for (const member of members) ids.add(member.toString('latin1'))
    } while (cursor !== '0')
    return new StaleKeys(stale, ids)
  }

  /** Those left, all of them. */
  get keys(): readonly DbKey[] {
    return [...this.#ids].map((id) => parseDbKey(Buffer.from(id, 'latin1')))
  }

  /** The unit with the stale ones of its keys deleted before it. */
  freshen(unit: PreparedUnit): PreparedUnit {
    if (this.#ids.size === 0) return unit
    const stale = unit.commands.flatMap(({ keys }) => keys).filter((key) => this.has(key))
    if (stale.length === 0) return unit
    const deletions = stale.map((key) => ({
      db: key.db,
      name: 'DEL',
      ...encoded(['DEL', key.key]),
      keys: [key],
    }))
    return { ...unit, commands: [...deletions, ...unit.commands, ...this.settle(stale)] }
  }

  /** What takes those of the keys that are stale off the list, for the transaction in which they are written. */
  settle(keys: readonly DbKey[]): readonly PreparedCommand[] {
    const stale = keys.filter((key) => this.#ids.delete(idOf(key)))
    if (stale.length === 0) return []
    const words = ['SREM', this.#set, ...stale.map(formatDbKey)]
    return [{ db: 0, name: 'SREM', ...encoded(words), keys: [] }]
  }

  has(key: DbKey): boolean {
    return this.#ids.has(idOf(key))
  }
}

function idOf(key: DbKey): string {
  return formatDbKey(key).toString('latin1')
}
