import { createHash } from 'node:crypto'
import type { Control } from '../redis/control.ts'
import type { Argument } from '../resp/encode.ts'
import { encoded, type PreparedCommand } from '../target/transaction-frame.ts'
import type { TaskKeys } from './checkpoint.ts'
import type { UnitCommand } from './units.ts'

/**
 * The scripts a source has told of. Up to 4.0 it tells each with EVAL the first time and names it by its SHA1 from then
 * on (scripting.c, `replicationScriptCacheExists`), and the target may have forgotten it. They are kept in the target,
 * written in the transaction of the unit that told them: where a stream is gone on from, all told before are known. As
 * many as the source itself keeps: SCRIPT FLUSH takes them away.
 */
export class ScriptBook {
  readonly #place: string
  readonly #bodies: Map<string, Buffer>

  private constructor(place: string, bodies: Map<string, Buffer>) {
    this.#place = place
    this.#bodies = bodies
  }

  /** With what the target has. Rejects as the control connection does. */
  static async open(control: Control, { scripts }: TaskKeys): Promise<ScriptBook> {
    const found = (await control.callBuffer('HGETALL', scripts)) as unknown as readonly Buffer[]
    const bodies = new Map<string, Buffer>()
    for (let at = 0; at + 1 < found.length; at += 2) bodies.set(found[at]!.toString('latin1'), found[at + 1]!)
    return new ScriptBook(scripts, bodies)
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
        return [ours(['DEL', this.#place])]
      }
      const body = scriptOf(command)
      if (body === null) return []
      const sha = createHash('sha1').update(body).digest('hex')
      if (this.#bodies.has(sha)) return []
      this.#bodies.set(sha, Buffer.from(body))
      return [ours(['HSET', this.#place, sha, body])]
    })
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

function ours(words: readonly Argument[]): PreparedCommand {
  return { db: 0, name: String(words[0]), ...encoded(words), keys: [] }
}
