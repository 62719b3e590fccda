import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { openControl, type Control } from '../redis/control.ts'
import { infoNumber, keyspaceOf, parseInfo } from '../redis/info.ts'

const offsetEveryMs = 250
const samplesKept = 400

interface Sample {
  readonly at: number
  readonly offset: number
}

/**
 * Asks a source, four times a second, how far it has written and how many keys it holds, over a connection of
 * its own. What it cannot be asked (away, or its password changed) is simply not known for the moment.
 */
export class SourceWatch {
  readonly #connection: () => Connection
  readonly #name: string
  #samples: Sample[] = []
  #keys: number | null = null
  #control: Control | null = null

  constructor(connection: () => Connection, name: string) {
    this.#connection = connection
    this.#name = name
  }

  /** The newest offset heard of; null while none was. */
  get offset(): number | null {
    return this.#samples.at(-1)?.offset ?? null
  }

  get keys(): number | null {
    return this.#keys
  }

  /**
   * How long ago the source wrote the oldest byte that is not applied, at most, milliseconds: the age of the
   * first look that saw more than `applied`. 0 when the newest look saw no more.
   */
  lagMs(applied: number, now = Date.now()): number {
    const newest = this.#samples.at(-1)
    if (newest === undefined || newest.offset <= applied) return 0
    // The byte was written after the last look that had been reached.
    const reached = this.#samples.findLast(({ offset }) => offset <= applied)
    return now - (reached ?? this.#samples[0]!).at
  }

  /** The numbers of another history are of no use. */
  forget(): void {
    this.#samples = []
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#control ??= await openControl(this.#connection(), { signal, name: this.#name })
        const at = Date.now()
        const info = parseInfo(String(await this.#control.call('INFO')))
        const offset = infoNumber(info, 'master_repl_offset')
        if (offset !== null) this.#samples = [...this.#samples.slice(-samplesKept), { at, offset }]
        this.#keys = Object.values(keyspaceOf(info)).reduce((sum, { keys }) => sum + keys, 0)
      } catch {
        this.#control?.close()
        this.#control = null
      }
      await sleep(offsetEveryMs, undefined, { signal }).catch(() => undefined)
    }
    this.#control?.close()
  }
}
