import { createHash } from 'node:crypto'
import type { Argument } from '../resp/encode.ts'
import type { PreparedCommand } from '../target/transaction-frame.ts'
import type { ScriptShelf } from './key-lists.ts'
import type { UnitCommand } from './units.ts'

/**
 * The scripts a source has told of. Up to 4.0 it tells each with EVAL the first time and names it by its SHA1 from then
 * on (scripting.c, `replicationScriptCacheExists`), and the target may have forgotten it. They are kept in the target,
 * written in the transaction of the unit that told them: where a stream is gone on from, all told before are known. As
 * many as the source itself keeps: SCRIPT FLUSH takes them away.
 */
export class ScriptBook {
  readonly #shelf: ScriptShelf
  readonly #bodies: Map<string, Buffer>
  /** Those that the target has. */
  readonly #kept: Set<string>

  private constructor(shelf: ScriptShelf, bodies: Map<string, Buffer>) {
    this.#shelf = shelf
    this.#bodies = bodies
    this.#kept = new Set(bodies.keys())
  }

  /** With what the target has. Rejects as its connections do. */
  static async open(shelf: ScriptShelf): Promise<ScriptBook> {
    return new ScriptBook(shelf, new Map(await shelf.read()))
  }

  /** EVALSHA as EVAL; null where the script was never told. */
  inFull(args: readonly Buffer[]): readonly Argument[] | null {
    const body = this.#bodies.get(String(args[1]).toLowerCase())
    return body === undefined ? null : ['EVAL', body, ...args.slice(2)]
  }

  /** What is to be written along with these commands, for what they tell. */
  learn(commands: readonly UnitCommand[]): readonly PreparedCommand[] {
    return commands.flatMap((command) => {
      if (isFlush(command)) {
        this.#bodies.clear()
        this.#kept.clear()
        return this.#shelf.clearing
      }
      if (!this.#shelf.outlastsFlush && takesKeys(command)) this.#kept.clear()
      const [sha, body] = this.#named(command)
      if (sha === null || body === undefined || this.#kept.has(sha)) return []
      this.#bodies.set(sha, Buffer.from(body))
      this.#kept.add(sha)
      const [place] = command.shape?.keyPlaces(command.args) ?? []
      return [this.#shelf.keeping(sha, body, place === undefined ? null : command.args[place]!)]
    })
  }

  /** The script that a command tells, or names. */
  #named(command: UnitCommand): readonly [sha: string | null, body?: Buffer | undefined] {
    const body = scriptOf(command)
    if (body !== null) return [createHash('sha1').update(body).digest('hex'), body]
    if (command.shape?.name !== 'EVALSHA') return [null]
    const sha = String(command.args[1]).toLowerCase()
    return [sha, this.#bodies.get(sha)]
  }
}

/** The script that a command tells: EVAL, SCRIPT LOAD. Null for any other. */
export function scriptOf({ shape, args }: Pick<UnitCommand, 'shape' | 'args'>): Buffer | null {
  if (shape?.name === 'EVAL') return args[1] ?? null
  return shape?.name === 'SCRIPT' && /^load$/i.test(String(args[1])) ? (args[2] ?? null) : null
}

function isFlush({ shape, args }: UnitCommand): boolean {
  return shape?.name === 'SCRIPT' && /^flush$/i.test(String(args[1]))
}

function takesKeys({ shape }: UnitCommand): boolean {
  return shape?.name === 'FLUSHALL' || shape?.name === 'FLUSHDB'
}
