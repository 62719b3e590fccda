import type { Control } from '#engine/redis/control.ts'
import type { Info } from '#engine/redis/info.ts'
import { keyedCommands } from '#engine/resp/commands.ts'

/** What others did between two looks at a server's counters (INFO commandstats). */
export interface Counted {
  /** A write command was executed. */
  readonly wrote: boolean
  readonly writesPerSecond: number
  /** The server counts its commands. */
  readonly counts: boolean
  /** Attempts to sign in, and what was turned away, a second; null where the server does not count that (before 6.2). */
  readonly triedPerSecond: number | null
  /** Write commands turned away since the counting began; null where the server does not count that. */
  readonly refusedWrites: number | null
}

/** Takes the counters of one server along from look to look. */
export class WriteCounter {
  readonly #names: ReadonlySet<string>
  /** As of the last look; null before the first. */
  #last: {
    readonly executed: number
    readonly refused: number
    readonly tried: number
    readonly at: number
  } | null = null
  #refusedSoFar = 0
  #triedPerSecond: number | null = null

  private constructor(names: ReadonlySet<string>) {
    this.#names = names
  }

  static async of(control: Control): Promise<WriteCounter> {
    return new WriteCounter(await writeCommandNames(control))
  }

  look(info: Info): Counted {
    let executed = 0
    let refused = 0
    let tried = 0
    let tellsRefused = false
    let counts = false
    for (const [name, value] of info) {
      if (!name.startsWith('cmdstat_')) continue
      counts = true
      const rejected = /rejected_calls=(\d+)/.exec(value)?.[1]
      tellsRefused ||= rejected !== undefined
      tried += Number(rejected ?? 0)
      if (/^cmdstat_(auth|hello)$/.test(name)) tried += Number(/failed_calls=(\d+)/.exec(value)?.[1] ?? 0)
      if (!this.#names.has(name.slice('cmdstat_'.length))) continue
      executed += Number(/calls=(\d+)/.exec(value)?.[1] ?? 0)
      refused += Number(rejected ?? 0)
    }
    const last = this.#last
    const at = Date.now()
    this.#last = { executed, refused, tried, at }
    if (last !== null) {
      // Less than before: somebody has reset the statistics, and counting begins again.
      this.#refusedSoFar += Math.max(0, refused - last.refused)
      const seconds = Math.max(1, at - last.at) / 1000
      this.#triedPerSecond = Math.round(Math.max(0, tried - last.tried) / seconds)
    }
    const written = last === null ? 0 : executed - last.executed
    return {
      wrote: written > 0,
      writesPerSecond:
        last === null ? 0 : Math.round((Math.max(0, written) * 1000) / Math.max(1, at - last.at)),
      counts,
      triedPerSecond: tellsRefused ? this.#triedPerSecond : null,
      refusedWrites: tellsRefused ? this.#refusedSoFar : null,
    }
  }
}

/** Names of commands with the `write` flag (COMMAND, 2.8.13 and later), else of those known to write. */
export async function writeCommandNames(control: Control): Promise<ReadonlySet<string>> {
  const commands = await control.call('COMMAND').catch(() => null)
  if (!Array.isArray(commands)) return new Set(keyedCommands.map((name) => name.toLowerCase()))
  const names = new Set<string>()
  for (const command of commands) {
    if (!Array.isArray(command)) continue
    const [name, , flags] = command
    if (Array.isArray(flags) && flags.includes('write')) names.add(String(name))
  }
  return names
}
