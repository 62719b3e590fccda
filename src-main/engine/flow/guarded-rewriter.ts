import { guardMs, rewriteExpiry } from '../plan/expiry.ts'
import type { Argument } from '../resp/encode.ts'
import type { DbKey } from './checkpoint.ts'
import type { CommandRewriter } from './prepare.ts'
import type { TtlGuard } from './ttl-guard.ts'
import type { UnitCommand } from './units.ts'

/** Puts every expiry of a followed source where its guard wants it. */
export class GuardedRewriter implements CommandRewriter {
  readonly #guard: TtlGuard
  readonly #onBeyondGuard: (key: DbKey) => void

  constructor(guard: TtlGuard, onBeyondGuard: (key: DbKey) => void) {
    this.#guard = guard
    this.#onBeyondGuard = onBeyondGuard
  }

  rewrite(
    command: UnitCommand,
    receivedAt: number,
    keys: readonly DbKey[],
  ): readonly (readonly Argument[])[] | null {
    const guard = this.#guard
    const rewritten = rewriteExpiry(command, receivedAt, (at, db, key) => {
      if (at >= guardMs) this.#onBeyondGuard({ db, key })
      return guard.timeToWrite(at, { db, key })
    })
    if (rewritten !== null) return [rewritten]
    const name = command.shape?.name ?? ''
    if (carriesExpiry.has(name)) {
      // The expiry that goes along with the value may be a shifted one.
      const last = keys.at(-1)
      if (last !== undefined) guard.noteMoved(last)
      if (name === 'MOVE') guard.noteMoved({ db: Number(command.args[2]), key: command.args[1]! })
    }
    if (name === 'SWAPDB') guard.noteSwap()
    return null
  }
}

/** Commands that take a key's expiry to another key. */
const carriesExpiry: ReadonlySet<string> = new Set(['RENAME', 'RENAMENX', 'COPY', 'MOVE'])
