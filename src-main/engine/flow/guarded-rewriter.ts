import { guardMs, rewriteExpiry } from '../plan/expiry.ts'
import type { Argument } from '../resp/encode.ts'
import type { DbKey } from './checkpoint.ts'
import type { CommandRewriter } from './prepare.ts'
import type { ScriptBook } from './script-book.ts'
import type { TtlGuard } from './ttl-guard.ts'
import type { UnitCommand } from './units.ts'

/** Who wants to know what the stream does not tell exactly. */
export interface ExpiryListener {
  beyondGuard(key: DbKey): void
  /** The key's expiry is not exactly what the source has. */
  unsure(key: DbKey): void
  /** That of keys which the command does not name may not be either. */
  allUnsure(): void
}

/** Puts every expiry of a followed source where its guard wants it, and tells scripts in full. */
export class GuardedRewriter implements CommandRewriter {
  readonly #guard: TtlGuard
  readonly #listener: ExpiryListener
  readonly #scripts: () => Pick<ScriptBook, 'inFull'>

  constructor(guard: TtlGuard, listener: ExpiryListener, scripts: () => Pick<ScriptBook, 'inFull'>) {
    this.#guard = guard
    this.#listener = listener
    this.#scripts = scripts
  }

  rewrite(
    command: UnitCommand,
    receivedAt: number,
    keys: readonly DbKey[],
  ): readonly (readonly Argument[])[] | null {
    const guard = this.#guard
    const listener = this.#listener
    const rewritten = rewriteExpiry(command, receivedAt, (at, db, key, relative) => {
      if (at >= guardMs) listener.beyondGuard({ db, key })
      if (relative) listener.unsure({ db, key })
      return guard.timeToWrite(at, { db, key })
    })
    if (rewritten !== null) return [rewritten]
    this.#listen(command, keys)
    const inFull = command.shape?.name === 'EVALSHA' ? this.#scripts().inFull(command.args) : null
    return inFull === null ? null : [inFull]
  }

  /** What a command means for expiries that it does not name. */
  #listen({ args, shape }: UnitCommand, keys: readonly DbKey[]): void {
    const name = shape?.name ?? ''
    if (name === 'SET') {
      if (mayBeSum(args)) for (const key of keys) this.#listener.unsure(key)
    } else if (carriesExpiry.has(name)) {
      // The expiry that goes along with the value may be a shifted one.
      const last = keys.at(-1)
      if (last !== undefined) this.#noteMoved(last)
      if (name === 'MOVE') this.#noteMoved({ db: Number(args[2]), key: args[1]! })
    } else if (name === 'SWAPDB') {
      this.#guard.noteSwap()
      this.#listener.allUnsure()
    } else if (runsScript.has(name)) {
      for (const key of keys) this.#noteMoved(key)
      if (keys.length === 0) this.#listener.allUnsure()
    }
  }

  #noteMoved(key: DbKey): void {
    this.#guard.noteMoved(key)
    this.#listener.unsure(key)
  }
}

/** Commands that take a key's expiry to another key. */
const carriesExpiry: ReadonlySet<string> = new Set(['RENAME', 'RENAMENX', 'COPY', 'MOVE'])
const runsScript: ReadonlySet<string> = new Set(['EVAL', 'EVALSHA'])
const longestNumber = 40

/**
 * Could this SET be what a server up to 5.0 makes of INCRBYFLOAT (t_string.c, `incrbyfloatCommand`)? The source's key
 * keeps its expiry then, and the target's would lose it.
 */
function mayBeSum(args: readonly Buffer[]): boolean {
  const value = args[2]
  return (
    args.length === 3 &&
    value !== undefined &&
    value.length <= longestNumber &&
    /^-?\d+(?:\.\d+)?$/.test(value.toString('latin1'))
  )
}
