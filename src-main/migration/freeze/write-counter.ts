import type { Control } from '#engine/redis/control.ts'
import type { Info } from '#engine/redis/info.ts'

/** What others did between two looks at a server's counters (INFO commandstats). */
export interface Counted {
  /** A write command was executed. */
  readonly wrote: boolean
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
    for (const [name, value] of info) {
      if (!name.startsWith('cmdstat_')) continue
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
    return {
      wrote: last !== null && executed > last.executed,
      triedPerSecond: tellsRefused ? this.#triedPerSecond : null,
      refusedWrites: tellsRefused ? this.#refusedSoFar : null,
    }
  }
}

/** Names of commands with the `write` flag (COMMAND, 2.8.13 and later); none where that is refused. */
export async function writeCommandNames(control: Control): Promise<ReadonlySet<string>> {
  const commands = await control.call('COMMAND').catch(() => null)
  const names = new Set<string>()
  if (!Array.isArray(commands)) return names
  for (const command of commands) {
    if (!Array.isArray(command)) continue
    const [name, , flags] = command
    if (Array.isArray(flags) && flags.includes('write')) names.add(String(name))
  }
  return names
}
