import { setTimeout as sleep } from 'node:timers/promises'
import type { LimitedBy, Limits, RestoreOrder } from '#contract/limits.ts'
import { BackOff, type TargetHealth } from './back-off.ts'
import { TokenBucket } from './token-bucket.ts'

/** What the throttle goes by; milliseconds. */
export interface Clock {
  now(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

const realClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
}

/** As long is waited in one go, ms: then limits that have changed are seen. */
const longestNap = 100
/** As long after the last wait it is still said what limits, ms. */
const saidFor = 1_000
/** A block is ended early where it would take longer than this at the pace allowed, seconds. */
const blockSeconds = 0.1
const smallestBlock = 4 * 1024

/**
 * Holds a restore back, all its connections together: to the limits it was given, to what its target stands, or
 * while it is paused. Asked once a block; no timer and no promise a key.
 */
export class Throttle {
  /** A block with so many keys or bytes is to be sent, so that a slow pace is an even one. */
  keysAtOnce = Infinity
  bytesAtOnce = Infinity
  /** Told when something has to wait for the end of a pause, and when it goes on. */
  onPause: (paused: boolean) => void = () => undefined
  #limits: Limits = {}
  readonly #clock: Clock
  readonly #bytes = new TokenBucket()
  readonly #keys = new TokenBucket()
  readonly #spared = new TokenBucket()
  readonly #backOff = new BackOff()
  #paused = false
  #bytesSent = 0
  #lookedAt: number
  #lastLimit: LimitedBy | null = null
  #limitedAt = -Infinity

  constructor(limits: Limits, clock = realClock) {
    this.#clock = clock
    this.#lookedAt = clock.now()
    this.#obeyLimits(limits)
  }

  get limits(): Limits {
    return this.#limits
  }

  /** What has held it back within the last second. */
  get limitedBy(): LimitedBy | null {
    return this.#clock.now() - this.#limitedAt <= saidFor ? this.#lastLimit : null
  }

  obey(order: RestoreOrder): void {
    if (order.type === 'limits') this.#obeyLimits(order.limits)
    else this.#paused = order.type === 'pause'
  }

  /** Resolves when this may be sent, or at once when `signal` is aborted. */
  async pass(bytes: number, keys: number, signal: AbortSignal): Promise<void> {
    if (this.#paused) await this.#sitOut(signal)
    for (;;) {
      const [waitMs, limit] = this.#wait()
      if (waitMs === 0 || signal.aborted) break
      this.#lastLimit = limit
      await this.#clock.sleep(Math.min(waitMs, longestNap), signal)
      this.#limitedAt = this.#clock.now()
      if (this.#paused) await this.#sitOut(signal)
    }
    const now = this.#clock.now()
    this.#bytes.take(bytes, now)
    this.#keys.take(keys, now)
    this.#spared.take(bytes, now)
    this.#bytesSent += bytes
  }

  /** The target has been looked at: it is spared where it suffers, and given more where it is well. */
  look(health: TargetHealth): void {
    const now = this.#clock.now()
    const seconds = (now - this.#lookedAt) / 1000
    const { latencyMs } = this.#limits
    if (latencyMs === undefined) this.#backOff.forget()
    else this.#backOff.look(health, latencyMs, seconds > 0 ? this.#bytesSent / seconds : 0)
    this.#bytesSent = 0
    this.#lookedAt = now
    this.#spared.setRate(this.#backOff.pace, now)
    this.#size()
  }

  #obeyLimits(limits: Limits): void {
    const now = this.#clock.now()
    this.#limits = limits
    this.#bytes.setRate(limits.bytesPerSecond ?? Infinity, now)
    this.#keys.setRate(limits.keysPerSecond ?? Infinity, now)
    if (limits.latencyMs === undefined) {
      this.#backOff.forget()
      this.#spared.setRate(Infinity, now)
    }
    this.#size()
  }

  #size(): void {
    this.keysAtOnce = Math.max(1, Math.floor(this.#keys.perSecond * blockSeconds))
    const bytes = Math.min(this.#bytes.perSecond, this.#spared.perSecond)
    this.bytesAtOnce = Math.max(smallestBlock, bytes * blockSeconds)
  }

  /** How long to wait, ms, and for which limit's sake. */
  #wait(): readonly [waitMs: number, limit: LimitedBy] {
    const now = this.#clock.now()
    const bytes = this.#bytes.waitMs(now)
    const keys = this.#keys.waitMs(now)
    const spared = this.#spared.waitMs(now)
    const longest = Math.max(bytes, keys, spared)
    if (longest === spared && spared > 0) return [spared, this.#backOff.reason ?? 'latency']
    return longest === bytes ? [bytes, 'bytes'] : [keys, 'keys']
  }

  async #sitOut(signal: AbortSignal): Promise<void> {
    this.onPause(true)
    while (this.#paused && !signal.aborted) await this.#clock.sleep(longestNap, signal)
    this.onPause(false)
  }
}
