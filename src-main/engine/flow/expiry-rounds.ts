import { setTimeout as sleep } from 'node:timers/promises'
import type { ExpiryReconciler } from './expiry-reconciler.ts'
import { Mutex } from './mutex.ts'
import type { TargetSession } from './target-session.ts'
import { TargetWalk } from './target-walk.ts'

/** A shard that applies its stream, as far as its expiries are concerned. */
export interface Rounded {
  readonly expiries: Pick<ExpiryReconciler, 'isNear' | 'wantsAll' | 'noteSlots' | 'reconcileAll'>
  /** As `Follower` has it. */
  reconcile(signal: AbortSignal): Promise<boolean>
}

const lookEveryMs = 500
const slotsEveryMs = 1_000

/**
 * Sees to it, for all shards of a task, that expiries are compared with the sources' where that is needed. Those that need
 * all of the target compared go through it together, and each looks at its own keys: the target is walked once, however
 * many they are.
 */
export class ExpiryRounds {
  readonly #session: Pick<TargetSession, 'scan' | 'slots'>
  readonly #turn = new Mutex()
  #lookedAt = -Infinity

  constructor(session: Pick<TargetSession, 'scan' | 'slots'>) {
    this.#session = session
  }

  /**
   * Compares in the background what is due, for those that apply their streams at the time. Ends with the signal; rejects
   * when the target is lost.
   */
  async keep(followers: () => readonly Rounded[], signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (performance.now() - this.#lookedAt > slotsEveryMs) await this.#look(followers())
      const near = followers().filter(({ expiries }) => expiries.isNear)
      await this.#turn.run(() => this.#round(near, signal))
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /**
   * Of sources that stand still and have been drained: makes all expiries their own, but for the guard's shift. False
   * where one of them, or the target, cannot be asked now.
   */
  async finish(followers: readonly Rounded[], signal: AbortSignal): Promise<boolean> {
    await this.#look(followers)
    if (!(await this.#turn.run(() => this.#round(followers, signal)))) return false
    const reconciled = await Promise.all(followers.map((follower) => follower.reconcile(signal)))
    return !reconciled.includes(false)
  }

  /** Keys that a cluster moves expire later by as long as that takes: it sends what is left of their time, not when. */
  async #look(followers: readonly Rounded[]): Promise<void> {
    if (followers.length === 0) return
    const slots = await this.#session.slots()
    this.#lookedAt = performance.now()
    for (const { expiries } of followers) expiries.noteSlots(slots)
  }

  /** False where one of them could not be asked. */
  async #round(followers: readonly Rounded[], signal: AbortSignal): Promise<boolean> {
    const wanting = followers.filter(({ expiries }) => expiries.wantsAll)
    const { seats } = new TargetWalk((over) => this.#session.scan(over), wanting.length)
    const done = await Promise.all(
      wanting.map(({ expiries }, index) =>
        expiries.reconcileAll(seats[index]!, signal).finally(() => seats[index]!.leave()),
      ),
    )
    return !done.includes(false)
  }
}
