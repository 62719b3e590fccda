import { setTimeout as sleep } from 'node:timers/promises'
import type { TargetSession } from './target-session.ts'

/** A source that tells how many keys it has; null where it cannot be asked now. */
export interface Counted {
  countKeys(): Promise<number | null>
}

type CountedTarget = Pick<TargetSession, 'countKeys'>

const everyMs = 1_000
/** So soon again where a source could not be asked. */
const againMs = 250
/** A source that does not answer within this is not known for the moment. */
const patienceMs = 3_000
/** The same while writes wait. */
const shortPatienceMs = 100

/**
 * How many keys each side holds, none of them ours: all asked at one moment and told together. What a source held at
 * another moment than the target would look like keys that are lost.
 */
export class KeyCounts {
  readonly #sources: () => readonly Counted[]
  #ofSources: readonly (number | null)[] = []
  #ofTarget: number | null = null
  /** Another one once all that was counted before is of no use. */
  #turn = 0

  constructor(sources: () => readonly Counted[]) {
    this.#sources = sources
  }

  /** Of a source, by its number; null while it is not known. */
  source(number: number): number | null {
    return this.#ofSources[number] ?? null
  }

  get target(): number | null {
    return this.#ofTarget
  }

  /** Counts every second until `signal` aborts. Rejects when the target is lost. */
  async keep(target: CountedTarget, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#count(target, patienceMs)
      const isWhole = !this.#ofSources.includes(null)
      await sleep(isWhole ? everyMs : againMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Forgets what was counted while there were writes, and counts anew; the sources are not waited for. */
  async countAtRest(target: CountedTarget): Promise<void> {
    this.#turn += 1
    this.#ofSources = this.#sources().map(() => null)
    await this.#count(target, shortPatienceMs)
  }

  async #count(target: CountedTarget, withinMs: number): Promise<void> {
    const turn = this.#turn
    const [ofTarget, ...ofSources] = await Promise.all([
      target.countKeys(),
      ...this.#sources().map((source) => within(withinMs, source.countKeys())),
    ])
    if (turn !== this.#turn) return
    this.#ofTarget = ofTarget
    this.#ofSources = ofSources
  }
}

async function within(limitMs: number, answer: Promise<number | null>): Promise<number | null> {
  const answered = new AbortController()
  const late = sleep(limitMs, null, { signal: answered.signal }).catch(() => null)
  try {
    return await Promise.race([answer, late])
  } finally {
    answered.abort()
  }
}
