import type { ExpiryGuard } from '#contract/sync.ts'
import { horizonMs, type PassOptions, type TtlGuard } from './ttl-guard.ts'

/** A target that lags more than this may lose a key that is renewed within the horizon: guard again. */
const lagLimitMs = horizonMs / 2
/** Time brings expiries nearer: a settled target is gone through again this often. */
const repeatMs = horizonMs / 2

export interface SettlingOptions {
  readonly guard: TtlGuard
  /** Written into the target before the first expiry is unshifted, and after all are shifted again. */
  readonly keepGuarded: (guarded: boolean) => Promise<void>
  readonly onSettled: () => void
  readonly onGuardedAgain: () => void
}

/** Brings the expiries of a target to where they are wanted, one pass at a time, and keeps them there. */
export class Settling {
  wanted: 'guarded' | 'settled' = 'guarded'
  readonly #options: SettlingOptions
  #state: ExpiryGuard
  #passedAt = 0

  /** `guarded`: what the target's meta says of its expiries. */
  constructor(options: SettlingOptions, guarded: boolean) {
    this.#options = options
    this.#state = guarded ? 'guarded' : 'settling'
    options.guard.mode = 'guarded'
  }

  get state(): ExpiryGuard {
    return this.#state
  }

  /** Keys have been copied into the target, all of them shifted: another pass is due. */
  noteCopy(): void {
    if (this.#state !== 'guarded') this.#state = 'settling'
  }

  /** Does the next thing to be done, if any. To be called again and again, never twice at a time. */
  async step(pass: PassOptions, lagMs: number): Promise<void> {
    const { guard } = this.#options
    const want = this.wanted === 'settled' && lagMs <= lagLimitMs ? 'settled' : 'guarded'
    if (want === 'guarded') {
      if (this.#state === 'guarded') return
      const lapsed = this.#state === 'settled' || this.#state === 'final'
      guard.mode = 'guarded'
      await guard.forgetNoted()
      await guard.pass(pass)
      if (pass.signal.aborted) return
      await this.#options.keepGuarded(true)
      this.#state = 'guarded'
      if (lapsed) this.#options.onGuardedAgain()
    } else if (this.#state !== 'settled') {
      await this.#options.keepGuarded(false)
      guard.mode = 'settled'
      this.#state = 'settling'
      this.#passedAt = Date.now()
      await guard.pass(pass)
      if (pass.signal.aborted) return
      this.#state = 'settled'
      this.#options.onSettled()
    } else if (Date.now() - this.#passedAt > repeatMs) {
      this.#passedAt = Date.now()
      await guard.pass(pass)
    }
  }

  /** Makes every expiry the source's own. For a target that has been drained of a source that stands still. */
  async finalise(pass: PassOptions): Promise<void> {
    if (this.#state === 'final') return
    const { guard } = this.#options
    const settled = this.#state === 'settled'
    await this.#options.keepGuarded(false)
    guard.mode = 'final'
    if (settled) await guard.settleNoted(pass)
    else await guard.pass(pass)
    if (!pass.signal.aborted) this.#state = 'final'
  }
}
