import { setTimeout as sleep } from 'node:timers/promises'
import type { ExpiryGuard } from '#contract/sync.ts'
import type { Link } from '../resp/link.ts'
import type { DbKey } from './checkpoint.ts'
import type { ExpiryRounds } from './expiry-rounds.ts'
import type { Follower } from './follow.ts'
import { Settling } from './settling.ts'
import type { Tell } from './sync-state.ts'
import type { TargetSession } from './target-session.ts'
import type { PassOptions, TtlGuard } from './ttl-guard.ts'

/** What a sync has been told to do; orders change it. */
export interface Wishes {
  settle: boolean
  /** The sources stand still behind these offsets, one for each shard; null of one that counts none. */
  drainTo: readonly (number | null)[] | null
  ending: 'pause' | 'leave' | 'finish' | null
}

/** A shard as far as it can be steered. */
export interface Steered {
  /** Null while it does not apply its stream. */
  readonly follower: Follower | null
  lagMs(): number
  /** How far its source has written by now, as far as that can be known. */
  askOffset(): Promise<number>
  /** The same, surely; null where it cannot be told. */
  placeNow(): Promise<number | null>
  /** Which of these keys its source has now; null where it cannot be asked. */
  holds(keys: readonly DbKey[]): Promise<readonly boolean[] | null>
}

export interface SteeringParts {
  readonly wishes: Wishes
  readonly session: Pick<TargetSession, 'scan' | 'hasExpiringFields' | 'versionNumber'>
  readonly shards: readonly Steered[]
  readonly guard: TtlGuard
  readonly expiries: Pick<ExpiryRounds, 'finish'>
  /** What the target says of its expiries. */
  readonly guarded: boolean
  readonly tell: Tell
  /** Looks how many keys both sides have, now that nothing is written. */
  readonly count: () => Promise<void>
  /** What slots that moved at a source leave to be made good is on the lists in the target, as far as they were seen to. */
  readonly slotsAtRest: () => boolean
  /** This order has been carried out, and the target says so. */
  readonly onDrained: (order: Wishes['drainTo']) => void
}

const lookEveryMs = 25
/** As long is a source waited for that is to be finished with. */
const silenceMs = 60_000

/**
 * Carries out what a sync has been told, for one stay at its target, over all of its shards: brings the expiries to
 * where they are wanted, drains, and tells when it is time to end.
 */
export class Steering {
  readonly #parts: SteeringParts
  readonly #settling: Settling
  /** Where a source that counts nothing stood still when that was ordered; another history has another follower. */
  readonly #lastPlaces = new WeakMap<
    Follower,
    { readonly order: Wishes['drainTo']; readonly place: number }
  >()
  /** The order that has been carried out; writes may have gone on before the next one. */
  #drainedTo: Wishes['drainTo'] = null
  /** Since when a source that is to be finished with has not answered. */
  #silentSince: number | null = null

  constructor(parts: SteeringParts) {
    this.#parts = parts
    const { tell, shards } = parts
    this.#settling = new Settling(
      {
        guard: parts.guard,
        keepGuarded: async (guarded) => {
          const followers = shards.flatMap(({ follower }) => follower ?? [])
          await Promise.all(followers.map((follower) => follower.keepGuarded(guarded)))
        },
        onSettled: () => tell('expiry.settled'),
        onGuardedAgain: () => tell('expiry.guarded-again'),
      },
      parts.guarded,
    )
  }

  get guard(): ExpiryGuard {
    return this.#settling.state
  }

  get drained(): boolean {
    return this.#drainedTo !== null && this.#drainedTo === this.#parts.wishes.drainTo
  }

  /** A shard has been copied into the target. */
  noteCopy(): void {
    this.#settling.noteCopy()
  }

  /** Resolves when a wish to end has been met as far as it can be met from here, or the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { wishes, shards } = this.#parts
    while (!signal.aborted) {
      // A copy under way is begun again in any case: there is no point to wait for.
      if (wishes.ending === 'pause') return
      const followers = shards.flatMap(({ follower }) => follower ?? [])
      if (followers.length === shards.length) {
        // A target that was lost since it was drained may have fallen behind that: it is brought there again.
        if (wishes.ending === 'finish' && (wishes.drainTo === null || this.drained)) return
        await this.#step(followers, signal)
        if (this.drained && wishes.ending !== null) return
      } else this.#drainedTo = null
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #step(followers: readonly Follower[], signal: AbortSignal): Promise<void> {
    const { wishes, shards, session } = this.#parts
    if (wishes.ending === 'leave')
      wishes.drainTo ??= await Promise.all(shards.map((shard) => shard.askOffset()))
    const pass: PassOptions = {
      target: session,
      versionNumber: session.versionNumber,
      laneOf: (key) => followers[0]!.laneOf(key),
      applyPlaced: async () => {
        await Promise.all(followers.map((follower) => follower.applyPlaced(signal)))
      },
      alone: (lane, work) => holdLane(followers, lane, work),
      signal,
    }
    try {
      if (wishes.drainTo === null) {
        // What is too early by a stream's account must not be let go.
        const areSure = followers.every(({ expiriesAreSure }) => expiriesAreSure)
        this.#settling.wanted = wishes.settle && areSure ? 'settled' : 'guarded'
        await this.#settling.step(pass, Math.max(...shards.map((shard) => shard.lagMs())))
      } else if (!this.drained) {
        const order = wishes.drainTo
        if (haveReached(followers, await this.#placesOf(followers, order)))
          await this.#drain(followers, order, pass)
      }
    } catch (thrown) {
      // One of them has begun another history in between: its lanes are gone, and all is to be looked at anew.
      if (shards.every(({ follower }, index) => follower === followers[index])) throw thrown
    }
  }

  /** A source that stands still is asked where, if nobody knows. */
  async #placesOf(
    followers: readonly Follower[],
    offsets: readonly (number | null)[],
  ): Promise<readonly (number | null)[]> {
    return await Promise.all(
      followers.map(async (follower, index) => {
        const asked = this.#lastPlaces.get(follower)
        const known = offsets[index] ?? (asked?.order === offsets ? asked.place : undefined)
        if (known !== undefined || offsets[index] === undefined) return known ?? null
        const place = await this.#parts.shards[index]!.placeNow()
        if (place !== null) this.#lastPlaces.set(follower, { order: offsets, place })
        return place
      }),
    )
  }

  /** Null where one source cannot be asked. */
  async #heldAnywhere(keys: readonly DbKey[]): Promise<readonly boolean[] | null> {
    const answers = await Promise.all(this.#parts.shards.map((shard) => shard.holds(keys)))
    const known = answers.flatMap((held) => (held === null ? [] : [held]))
    if (known.length < answers.length) return null
    return keys.map((_, index) => known.some((held) => held[index] === true))
  }

  async #drain(
    followers: readonly Follower[],
    order: NonNullable<Wishes['drainTo']>,
    pass: PassOptions,
  ): Promise<void> {
    const { count, onDrained, slotsAtRest } = this.#parts
    // Before they are counted: what is listed from here on may not have been.
    const atRest = slotsAtRest()
    await Promise.all(followers.map((follower) => follower.drain()))
    await count()
    if (followers.some(({ keysInRepair }) => keysInRepair > 0)) return
    if (!(await this.#reconcile(followers, atRest, pass.signal))) return
    await this.#settling.finalise(pass)
    if (pass.signal.aborted) return
    this.#drainedTo = order
    await Promise.all(followers.map((follower) => follower.noteDrained()))
    onDrained(order)
  }

  /**
   * What only the sources tell. False where one of them cannot be asked; but what is to be finished was frozen and drained
   * before, and whoever was frozen may be gone for good.
   */
  async #reconcile(followers: readonly Follower[], atRest: boolean, signal: AbortSignal): Promise<boolean> {
    const told = atRest && (await this.#askSources(followers, signal))
    if (told || signal.aborted || this.#parts.wishes.ending !== 'finish') {
      this.#silentSince = null
      return told
    }
    this.#silentSince ??= Date.now()
    if (Date.now() - this.#silentSince < silenceMs) return false
    this.#parts.tell('source.gone-at-end', {}, 'warning')
    return true
  }

  async #askSources(followers: readonly Follower[], signal: AbortSignal): Promise<boolean> {
    for (const follower of followers)
      if (!(await follower.removeStale((keys) => this.#heldAnywhere(keys)))) return false
    return await this.#parts.expiries.finish(followers, signal)
  }
}

/** Has each come as far as it is to come? */
export function haveReached(followers: readonly Follower[], offsets: readonly (number | null)[]): boolean {
  return followers.every(({ applied }, index) => applied >= (offsets[index] ?? Infinity))
}

/**
 * Holds a lane of every shard, for a key may be any one's, the first shard's before the next: units of several lanes
 * hold theirs within one shard, so nobody waits for one who waits for him.
 */
async function holdLane(
  followers: readonly Follower[],
  lane: number,
  work: (link: Link) => Promise<void>,
): Promise<void> {
  const [first, ...others] = followers
  await first!.alone(lane, async (link) => {
    await (others.length === 0 ? work(link) : holdLane(others, lane, () => work(link)))
  })
}
