import { keyKinds, type KeyKind } from '#contract/selection.ts'
import type { RestoredAs } from '#contract/verify.ts'
import { isOurs } from '../flow/own-keys.ts'
import { goesAlong, Selection, unknownType } from '../plan/selection.ts'
import { kindNamed } from '../plan/wanted-kinds.ts'
import type { Questioned } from './db-link.ts'

const nothing = Buffer.alloc(0)

/**
 * Which keys of the target can be called extra: those that the backup could have brought. What the restore was
 * told to leave alone (other databases, names, slots, types) was the target's own all along, and a repair that
 * deletes what is extra must not take it for rubbish. Where that cannot be told, a key is not extra.
 */
export class ExtraKeys {
  /** Null for all. */
  readonly #dbs: ReadonlySet<number> | null
  /** Asked about the name a key had in the backup. Null for all. */
  readonly #names: Selection | null
  readonly #prefix: Buffer
  /** What the names were in the backup nobody can say. */
  readonly #isUntold: boolean
  /** As TYPE says them, but for modules, whose types are the others. Null for all. */
  readonly #kinds: ReadonlySet<KeyKind> | null

  /** `written`: databases of the target that the backup has keys for. */
  constructor(restoredAs: RestoredAs, written: Iterable<number>) {
    const { dbs, targetDb, dbMap, include, exclude, slots, types, excludeTypes } = restoredAs
    const { addPrefix, stripPrefix, dbPrefix } = restoredAs
    const isConfined = [dbs, targetDb, dbMap].some((rule) => rule !== undefined)
    this.#dbs = isConfined ? new Set(written) : null
    const selects = include.length > 0 || exclude.length > 0 || slots !== undefined
    this.#names = selects ? new Selection({ include, exclude, slots }) : null
    this.#prefix = addPrefix === undefined ? nothing : Buffer.from(addPrefix)
    this.#isUntold = selects && (stripPrefix !== undefined || dbPrefix !== undefined)
    this.#kinds =
      types === undefined && excludeTypes === undefined
        ? null
        : new Set((types ?? keyKinds).filter((kind) => excludeTypes?.includes(kind) !== true))
  }

  /** By its name; `chosenOf` asks for the rest. */
  mayBe(db: number, key: Uint8Array): boolean {
    const start = this.#prefix.length
    return (
      !this.#isUntold &&
      !isOurs(key) &&
      (this.#dbs === null || this.#dbs.has(db)) &&
      this.#prefix.equals(key.subarray(0, start)) &&
      (this.#names === null || this.#names.judge(db, unknownType, key, start) === goesAlong)
    )
  }

  /** Of keys that the backup does not have, those of a type that was to be restored. */
  async chosenOf(db: number, keys: readonly Buffer[], server: Questioned): Promise<readonly Buffer[]> {
    const kinds = this.#kinds
    if (kinds === null || keys.length === 0) return keys
    const types = await server.askAll(
      db,
      keys.map((key) => ['TYPE', key]),
    )
    return keys.filter((_, at) => kinds.has(kindNamed(String(types[at]))))
  }
}
