import type { Failure } from '#contract/failure.ts'
import type { KeySight, SightPart, SightRow } from '#contract/sight.ts'
import type { DifferenceSource } from './difference-list.svelte.ts'

const beginning: SightPart = { byte: 0, seek: true, all: false }

/** One differing key as it is looked at: the newest part, and of a collection all parts so far. */
export class KeyLook {
  readonly #source: DifferenceSource
  readonly #at: number
  #sight = $state.raw<KeySight | null>(null)
  #rows = $state.raw<readonly SightRow[]>([])
  #passed = $state(0)
  #failure = $state.raw<Failure | null>(null)
  #isReading = $state(false)
  #all = $state(false)
  #stop = new AbortController()

  /** `at`: its place among all differences. */
  constructor(source: DifferenceSource, at: number) {
    this.#source = source
    this.#at = at
    void this.again()
  }

  get sight(): KeySight | null {
    return this.#sight
  }

  get rows(): readonly SightRow[] {
    return this.#rows
  }

  /** Elements gone through so far. */
  get passed(): number {
    return this.#passed
  }

  get failure(): Failure | null {
    return this.#failure
  }

  get isReading(): boolean {
    return this.#isReading
  }

  /** Whether equal elements are shown as well. */
  get all(): boolean {
    return this.#all
  }

  /** From the beginning, as it is now. */
  async again(all = this.#all): Promise<void> {
    this.#all = all
    await this.#read({ ...beginning, all }, true)
  }

  /** The next part of a collection. */
  async more(): Promise<void> {
    const cursor = this.#sight?.next
    if (cursor) await this.#read({ ...beginning, all: this.#all, cursor }, false)
  }

  /** Other bytes of a string; with `seek` those that differ next. */
  async bytes(byte: number, seek: boolean): Promise<void> {
    await this.#read({ byte: Math.max(0, byte), seek, all: this.#all }, true)
  }

  end(): void {
    this.#stop.abort()
  }

  async #read(part: SightPart, isNew: boolean): Promise<void> {
    this.#stop.abort()
    const stop = new AbortController()
    this.#stop = stop
    this.#isReading = true
    try {
      const answer = await this.#source.look(this.#at, part, stop.signal)
      if (stop.signal.aborted) return
      this.#failure = 'failed' in answer ? answer.failed : null
      if ('ok' in answer) this.#take(answer.ok, isNew)
    } catch (thrown) {
      // Nobody waits for the answer any more.
      if (!stop.signal.aborted) throw thrown
    } finally {
      if (this.#stop === stop) this.#isReading = false
    }
  }

  #take(sight: KeySight, isNew: boolean): void {
    // While it is read through, a server may tell an element twice.
    const rows = [...(isNew ? [] : this.#rows), ...sight.rows]
    this.#rows = Object.values(Object.fromEntries(rows.map((row) => [nameOfRow(row), row])))
    this.#passed = (isNew ? 0 : this.#passed) + sight.passed
    this.#sight = sight
  }
}

/** Tells rows apart. */
export function nameOfRow({ name }: SightRow): string {
  return `${name.length} ${name.base64}`
}
