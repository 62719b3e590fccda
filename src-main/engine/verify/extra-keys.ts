import type { RestoredAs } from '#contract/verify.ts'
import { isOurs } from '../flow/own-keys.ts'
import { Selection, unknownType } from '../plan/selection.ts'

/**
 * Which keys of the target can be called extra: those that the backup could have brought. What the restore was
 * told to leave alone (other databases, other names) was the target's own all along.
 */
export class ExtraKeys {
  /** Null for all. */
  readonly #dbs: ReadonlySet<number> | null
  readonly #names: Selection | null
  readonly #prefix: Buffer

  /** `written`: databases of the target that the backup has keys for. */
  constructor(
    { dbs, targetDb, dbMap, include, exclude, addPrefix, stripPrefix, dbPrefix }: RestoredAs,
    written: Iterable<number>,
  ) {
    const isConfined = [dbs, targetDb, dbMap].some((rule) => rule !== undefined)
    this.#dbs = isConfined ? new Set(written) : null
    const renames = [addPrefix, stripPrefix, dbPrefix].some((rule) => rule !== undefined)
    const selects = include.length > 0 || exclude.length > 0
    this.#names = selects && !renames ? new Selection({ include, exclude }) : null
    this.#prefix = Buffer.from(addPrefix ?? '')
  }

  counts(db: number, key: Uint8Array): boolean {
    return (
      !isOurs(key) &&
      (this.#dbs === null || this.#dbs.has(db)) &&
      this.#prefix.equals(key.subarray(0, this.#prefix.length)) &&
      (this.#names === null || this.#names.judge(db, unknownType, key) === 0)
    )
  }
}
