import type { Argument } from '../resp/encode.ts'
import { guardMs, rewriteExpiry } from '../plan/expiry.ts'
import { sayTo, type Tongue } from '../plan/command-versions.ts'
import type { DbKey } from './checkpoint.ts'
import type { CommandRewriter } from './prepare.ts'
import type { ScriptBook } from './script-book.ts'
import type { TtlGuard } from './ttl-guard.ts'
import { nameOfCommand, type UnitCommand } from './units.ts'

/** Who wants to know what the stream does not tell exactly, and what the target cannot be told. */
export interface RewritingListener {
  beyondGuard(key: DbKey): void
  /** The key's expiry is not exactly what the source has. */
  unsure(key: DbKey): void
  /** That of keys which the command does not name may not be either. */
  allUnsure(): void
  /** What comes of the command cannot be said: these keys are to be copied. */
  toCopy(keys: readonly DbKey[]): void
  /** The command concerns what the target cannot hold. */
  lost(name: string): void
  /** A cluster cannot do this, told in words. */
  impossible(what: string): void
}

export interface GuardedRewriterParts {
  readonly guard: TtlGuard
  readonly scripts: Pick<ScriptBook, 'inFull'>
  readonly tongue: Tongue
  /** What of a command the target cannot do in whichever way, in words; null where it can. */
  readonly impossible: (command: UnitCommand) => string | null
  readonly listener: RewritingListener
}

/**
 * Puts every expiry of a followed source where its guard wants it, tells scripts in full, and says what the target
 * does not know in older words.
 */
export class GuardedRewriter implements CommandRewriter {
  readonly #parts: GuardedRewriterParts

  constructor(parts: GuardedRewriterParts) {
    this.#parts = parts
  }

  rewrite(
    command: UnitCommand,
    receivedAt: number,
    keys: readonly DbKey[],
  ): readonly (readonly Argument[])[] | null {
    const { guard, scripts, listener } = this.#parts
    const impossible = this.#parts.impossible(command)
    if (impossible !== null) {
      if (keys.length > 0) listener.toCopy(keys)
      else listener.impossible(impossible)
      return []
    }
    const guarded = rewriteExpiry(command, receivedAt, (at, db, key, relative) => {
      if (at >= guardMs) listener.beyondGuard({ db, key })
      if (relative) listener.unsure({ db, key })
      return guard.timeToWrite(at, { db, key })
    })
    if (guarded !== null) return this.#say(nameOf(guarded), guarded, keys) ?? [guarded]
    this.#listen(command, keys)
    const name = nameOfCommand(command)
    if (name === 'EVALSHA') {
      const inFull = scripts.inFull(command.args)
      return inFull === null ? null : [inFull]
    }
    return this.#say(name, command.args, keys)
  }

  /** Null: as it is. */
  #say(
    name: string,
    args: readonly Argument[],
    keys: readonly DbKey[],
  ): readonly (readonly Argument[])[] | null {
    const { tongue, listener } = this.#parts
    const said = sayTo(tongue, name, args)
    if (said === 'same') return null
    if (said === 'copy') listener.toCopy(keys)
    else if (said === 'lost') listener.lost(name)
    else {
      // A script that stands for a command takes the time left, and gives it again a moment later.
      if (said.some((words) => words[0] === 'EVAL')) for (const key of keys) listener.unsure(key)
      return said
    }
    return []
  }

  /** What a command means for expiries that it does not name. */
  #listen({ args, shape }: UnitCommand, keys: readonly DbKey[]): void {
    const { guard, listener } = this.#parts
    const name = shape?.name ?? ''
    if (name === 'SET') {
      if (mayBeSum(args)) for (const key of keys) listener.unsure(key)
    } else if (carriesExpiry.has(name)) {
      // The expiry that goes along with the value may be a shifted one.
      const last = keys.at(-1)
      if (last !== undefined) this.#noteMoved(last)
    } else if (name === 'SWAPDB') {
      guard.noteSwap()
      listener.allUnsure()
    } else if (runsScript.has(name)) {
      for (const key of keys) this.#noteMoved(key)
      if (keys.length === 0) listener.allUnsure()
    }
  }

  #noteMoved(key: DbKey): void {
    this.#parts.guard.noteMoved(key)
    this.#parts.listener.unsure(key)
  }
}

function nameOf(words: readonly Argument[]): string {
  return typeof words[0] === 'string'
    ? words[0]
    : Buffer.from(words[0] as Uint8Array)
        .toString('latin1')
        .toUpperCase()
}

/** Commands that take a key's expiry to another key. */
export const carriesExpiry: ReadonlySet<string> = new Set(['RENAME', 'RENAMENX', 'COPY', 'MOVE'])
const runsScript: ReadonlySet<string> = new Set(['EVAL', 'EVALSHA'])
/** The longest text of a sum. */
export const longestNumber = 40

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
