import { toFailure } from '#contract/failure.ts'
import { kindOf } from '#contract/task-states.ts'
import type { Clock } from './clock.ts'
import type { RunServices } from './services.ts'
import { keepTargetLocked, tasksWithLock } from './target-lock.ts'

const lookEveryMs = 1_000

interface Kept {
  readonly over: AbortController
  readonly ended: Promise<void>
  /** Somebody of this process works on the task from now on. */
  taken: boolean
}

/**
 * Targets that stay locked while nobody works on their task: paused, failed, interrupted. A server of theirs that is started
 * anew meanwhile is locked once more, so that nobody writes there before the task is resumed. Of each process those whose
 * tasks it had itself; of one that stays, all.
 */
export class IdleLocks implements AsyncDisposable {
  readonly #services: RunServices
  readonly #looking: Disposable
  readonly #kept = new Map<string, Kept>()
  /** Tasks that this process has worked on. */
  readonly #own = new Set<string>()
  /** Those that cannot be kept, until somebody works on them. */
  readonly #givenUp = new Set<string>()
  #forAll = false

  constructor(services: RunServices, clock: Clock) {
    this.#services = services
    this.#looking = clock.every(lookEveryMs, () => this.#look())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#looking[Symbol.dispose]()
    for (const { over } of this.#kept.values()) over.abort()
    await Promise.all([...this.#kept.values()].map(({ ended }) => ended))
  }

  /** From now on also those that other processes have left. */
  keepForAll(): void {
    this.#forAll = true
  }

  /** What could not be kept may be by now. */
  tryAgain(): void {
    this.#givenUp.clear()
  }

  /** Somebody of this process begins to work on a task, and keeps its target himself; resolves when nothing stands in his way. */
  async letGo(id: string): Promise<void> {
    this.#own.add(id)
    this.#givenUp.delete(id)
    const kept = this.#kept.get(id)
    if (kept === undefined) return
    kept.taken = true
    kept.over.abort()
    await kept.ended
  }

  #look(): void {
    try {
      const { book, store } = this.#services
      const waiting = tasksWithLock(this.#services).filter(
        (id) => store.tasks.find(id) !== undefined && kindOf(book.get(id).state) === 'waiting',
      )
      for (const [id, { over }] of this.#kept)
        if (!book.holds(id) && (!waiting.includes(id) || book.isElsewhere(id))) over.abort()
      for (const id of waiting) if (this.#isToBeKept(id)) this.#keep(id)
    } catch {
      // A store that cannot be read now is looked at again in a second.
    }
  }

  #isToBeKept(id: string): boolean {
    const { book } = this.#services
    return (
      (this.#forAll || this.#own.has(id)) &&
      !this.#kept.has(id) &&
      !this.#givenUp.has(id) &&
      !book.holds(id) &&
      !book.isElsewhere(id)
    )
  }

  #keep(id: string): void {
    const over = new AbortController()
    const { signal } = over
    const ended = keepTargetLocked(this.#services, id, {
      signal,
      onLocked: () => undefined,
      alone: (mend) => this.#alone(id, mend),
    })
      .catch((thrown: unknown) => {
        const failure = toFailure(thrown)
        // Until its passwords can be read nobody expects that.
        if (!failure.code.startsWith('secret.')) this.#services.book.tellFailed(id, failure)
      })
      .then(() => {
        if (!signal.aborted) this.#givenUp.add(id)
        this.#kept.delete(id)
      })
    this.#kept.set(id, { over, ended, taken: false })
  }

  /** As who works on it: no other process resumes it, or gives it up, in the middle of that. */
  async #alone(id: string, mend: () => Promise<void>): Promise<void> {
    const { book } = this.#services
    const kept = this.#kept.get(id)
    if (kept === undefined || kept.taken || book.holds(id)) return
    book.hold(id)
    try {
      if (kindOf(book.get(id).state) === 'waiting') await mend()
    } finally {
      if (!kept.taken) book.release(id)
    }
  }
}
