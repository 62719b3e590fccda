import type { KeyRules } from '../plan/key-rules.ts'
import { goesAlong } from '../plan/selection.ts'
import { expiryByRule } from '../plan/ttl-rule.ts'
import type { Visitor } from '../source/rdb-file.ts'
import { entryKind } from './entry.ts'

/**
 * Called for a key that would be written: its database and name on the target, and both as they are in the file.
 * What is given of the names holds until the call returns, or what it returned resolves.
 */
export type VisitKey = (
  db: number,
  name: Uint8Array,
  fileDb: number,
  fileName: Uint8Array,
) => Promise<void> | undefined

/**
 * Walks past every key of a file that would be written, were it written `now` (the target's time, ms), and that
 * begins at the offset `from` or behind it.
 */
export function keysToWrite(rules: KeyRules, now: number, visit: VisitKey, from = 0): Visitor {
  const { selection, names, dbMap, ttl } = rules
  const meet = (
    fileDb: number,
    code: number,
    key: Uint8Array,
    expireAt: number,
  ): Promise<void> | undefined => {
    if (selection !== null && selection.judge(fileDb, code, key) !== goesAlong) return undefined
    const expiry = expiryByRule(ttl, expireAt, now)
    if (expiry >= 0 && expiry <= now) return undefined
    if (names === null) return visit(dbMap(fileDb), key, fileDb, key)
    names.take(fileDb, key)
    return visit(dbMap(fileDb), names.bytes.subarray(names.start, names.end), fileDb, key)
  }
  return {
    async batch(batch) {
      for (let index = 0; index < batch.count; index += 1) {
        if (batch.kind[index] !== entryKind.KEY || batch.offset[index]! < from) continue
        const done = meet(batch.db[index]!, batch.type[index]!, batch.key(index), batch.expireAt[index]!)
        if (done !== undefined) await done
      }
    },
    async big({ db, type, key, expireAt, offset }) {
      if (offset >= from) await meet(db, type, key, expireAt)
    },
  }
}
