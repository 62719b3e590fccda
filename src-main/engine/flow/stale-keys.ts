import { join } from 'node:path'
import { createCrc64Arena } from '../bytes/crc64.ts'
import { RdbFile, readingBytes, walkRdbFile } from '../source/rdb-file.ts'
import { encoded, type PreparedCommand, type PreparedUnit } from '../target/transaction-frame.ts'
import { KeySet } from '../verify/key-set.ts'
import { idOfKey, parseDbKey, type DbKey } from './checkpoint.ts'
import { entryKind } from './entry.ts'
import { fromTarget, type FollowedRules } from './followed-rules.ts'
import type { KeyList, ShardLists } from './key-lists.ts'
import type { TargetSession } from './target-session.ts'

/**
 * Whose a key of the target is that a shard's newest copy lacks: its own, as far as is known; certainly another shard's; or
 * of a slot that came to it lately, where it may have deleted the key before the copy, and nobody tells that any more.
 */
export type Whose = 'own' | 'others' | 'unsettled'

export type TellWhose = (keys: readonly DbKey[]) => Promise<readonly Whose[]>

export interface ListStaleOptions {
  readonly session: Pick<TargetSession, 'scan'>
  readonly lists: Pick<ShardLists, 'stale' | 'moved'>
  /** The folder of the spool that has the snapshot. */
  readonly folder: string
  /** Null: everything goes along as it is. */
  readonly rules: FollowedRules | null
  readonly whose: TellWhose
  readonly signal: AbortSignal
}

/**
 * Lists, in the target, the keys that a snapshot just copied over an earlier copy of the same shard does not have: some
 * are the shard's own and gone from it, some are other shards'. Nobody can tell now; see `StaleKeys`.
 */
export async function listStale({
  session,
  lists,
  folder,
  rules,
  whose,
  signal,
}: ListStaleOptions): Promise<void> {
  const inSnapshot = await keysOfSnapshot(join(folder, 'snapshot.rdb'), rules, signal)
  for await (const { db, keys } of session.scan(signal)) {
    const unknown = keys.filter((key) => !inSnapshot.has(db, key)).map((key) => ({ db, key }))
    const told = await whose(unknown)
    const thoseTold = (what: Whose): readonly DbKey[] => unknown.filter((_, index) => told[index] === what)
    await addSome(lists.stale, thoseTold('own'))
    const unsettled = thoseTold('unsettled').flatMap((key) => fromTarget(rules, key))
    await addSome(lists.moved, unsettled)
  }
  signal.throwIfAborted()
}

async function addSome(list: KeyList, keys: readonly DbKey[]): Promise<void> {
  if (keys.length > 0) await list.add(keys)
}

/** As they are called on the target. */
async function keysOfSnapshot(
  path: string,
  rules: FollowedRules | null,
  signal: AbortSignal,
): Promise<KeySet> {
  const keys = new KeySet()
  const add = (found: DbKey, code: number): void => {
    if (rules?.goes(found, code) === false) return
    const { db, key } = rules?.placed(found) ?? found
    keys.add(db, key)
  }
  await using file = await RdbFile.open(path)
  await walkRdbFile(
    file,
    createCrc64Arena(readingBytes),
    {
      batch(batch) {
        for (let index = 0; index < batch.count; index += 1)
          if (batch.kind[index] === entryKind.KEY)
            add({ db: batch.db[index]!, key: Buffer.from(batch.key(index)) }, batch.type[index]!)
      },
      big: ({ db, key, type }) => add({ db, key: Buffer.from(key) }, type),
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
  readonly #list: KeyList
  readonly #ids: Set<string>

  private constructor(list: KeyList, ids: Set<string>) {
    this.#list = list
    this.#ids = ids
  }

  /** As the target lists them. */
  static async read(list: KeyList): Promise<StaleKeys> {
    return new StaleKeys(list, new Set((await list.all()).map(idOfKey)))
  }

  get isEmpty(): boolean {
    return this.#ids.size === 0
  }

  /** Those left, all of them. */
  get keys(): readonly DbKey[] {
    return [...this.#ids].map((id) => parseDbKey(Buffer.from(id, 'latin1')))
  }

  /** The stale ones of a unit's keys: each is to be removed before it is written. */
  freshen({ commands }: PreparedUnit): readonly DbKey[] {
    if (this.isEmpty) return []
    return commands.flatMap(({ keys }) => keys.filter((key) => this.has(key)))
  }

  /** What takes a key away, and off the list. */
  remove(key: DbKey): readonly PreparedCommand[] {
    return [{ db: key.db, name: 'DEL', ...encoded(['DEL', key.key]), keys: [key] }, ...this.settle([key])]
  }

  /** What takes those of the keys that are stale off the list, for the transaction in which they are written. */
  settle(keys: readonly DbKey[]): readonly PreparedCommand[] {
    return this.#list.removing(keys.filter((key) => this.#ids.delete(idOfKey(key))))
  }

  has(key: DbKey): boolean {
    return this.#ids.has(idOfKey(key))
  }
}
