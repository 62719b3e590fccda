import { FailureError, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import { latestStartMs, sayMoment, type Schedule } from '#contract/schedule.ts'
import type { Clock } from './clock.ts'
import type { TaskBook } from './task-book.ts'

/** Short enough to be in time, and to notice soon that a machine has slept. */
const lookEveryMs = 1_000

/** Refusals that may be over in a minute: the start is tried again for as long as it may be late. */
const passing: ReadonlySet<Failure['code']> = new Set([
  'task.too-many',
  'task.instance-busy',
  // Just opened, a window waits for the passphrase.
  'secret.locked',
  'secret.wrong-passphrase',
])

interface Starter {
  /** Throws what keeps a task from being started now, as far as it can be told without asking the servers. */
  demandStartable(id: string): void
  start(id: string): void
}

/**
 * Tasks that wait for their time. Whoever arms one keeps it, as any task that is worked on: the passwords typed
 * for it are nowhere else. Where its keeper is gone, one that keeps for all takes it over. A task that cannot be
 * started in time, or within `latestStartMs` of it, is not armed any more: then somebody has to say so again.
 */
export class Armed implements Disposable {
  readonly #book: TaskBook
  readonly #clock: Clock
  readonly #starter: Starter
  readonly #looking: Disposable
  #forAll = false

  constructor(book: TaskBook, clock: Clock, starter: Starter) {
    this.#book = book
    this.#clock = clock
    this.#starter = starter
    this.#looking = clock.every(lookEveryMs, () => this.#look())
  }

  /** Lets them go, armed as they are: the next process takes them over. */
  [Symbol.dispose](): void {
    this.#looking[Symbol.dispose]()
    for (const { id } of this.#book.standings(['scheduled'])) this.#book.release(id)
  }

  /** From now on also those whose keeper is gone. */
  keepForAll(): void {
    this.#forAll = true
    this.#look()
  }

  /** `schedule.past` where its time is. */
  arm(id: string, schedule: Schedule): void {
    if (schedule.at <= this.#clock.now())
      throw new FailureError(makeFailure('schedule.past', { when: sayMoment(schedule) }))
    this.#starter.demandStartable(id)
    this.#book.hold(id)
    this.#book.become(id, 'scheduled', { schedule, failure: null })
    this.#book.tell(id, 'info', 'schedule.armed', { when: sayMoment(schedule) })
  }

  /** It stays `ready`, or is a `draft` again where what it was checked with has changed. */
  disarm(id: string, into: 'ready' | 'draft' = 'ready'): void {
    this.#book.hold(id)
    const { schedule } = this.#book.get(id).record
    this.#book.become(id, into)
    this.#book.tell(
      id,
      'warning',
      'schedule.disarmed',
      schedule === null ? {} : { when: sayMoment(schedule) },
    )
    this.#book.release(id)
  }

  #look(): void {
    try {
      for (const { id, schedule } of this.#book.standings(['scheduled']))
        if (schedule !== null && this.#isOurs(id)) this.#startIfDue(id, schedule)
    } catch {
      // A store that cannot be read now is looked at again in a second.
    }
  }

  #isOurs(id: string): boolean {
    if (this.#book.holds(id)) return true
    if (!this.#forAll) return false
    try {
      this.#book.hold(id)
    } catch {
      return false
    }
    try {
      this.#starter.demandStartable(id)
    } catch (thrown) {
      const failure = toFailure(thrown)
      if (!passing.has(failure.code)) {
        this.#miss(id, failure)
        return false
      }
    }
    return true
  }

  #startIfDue(id: string, schedule: Schedule): void {
    const lateMs = this.#clock.now() - schedule.at
    if (lateMs < 0) return
    const when = sayMoment(schedule)
    if (lateMs > latestStartMs) {
      const { failure } = this.#book.get(id).record
      this.#miss(id, failure ?? makeFailure('schedule.missed', { when }))
      return
    }
    try {
      this.#starter.start(id)
    } catch (thrown) {
      const failure = toFailure(thrown)
      if (!passing.has(failure.code)) this.#miss(id, failure)
      else if (this.#book.get(id).record.failure === null) this.#book.change(id, { failure })
    }
  }

  #miss(id: string, failure: Failure): void {
    const { schedule } = this.#book.get(id).record
    this.#book.become(id, 'ready', { failure })
    this.#book.tell(id, 'error', 'schedule.missed', {
      ...failure.params,
      code: failure.code,
      ...(schedule !== null && { when: sayMoment(schedule) }),
    })
    this.#book.release(id)
  }
}
