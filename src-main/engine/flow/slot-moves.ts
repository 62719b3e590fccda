import { setTimeout as sleep } from 'node:timers/promises'
import { keySlot } from '../bytes/crc16.ts'
import { slotCount, type SlotRange } from '../redis/topology.ts'
import { sourceKey, type DbKey } from './checkpoint.ts'
import { fromSource, fromTarget, type FollowedRules } from './followed-rules.ts'
import type { KeyList, ShardLists } from './key-lists.ts'
import type { TellWhose } from './stale-keys.ts'

/** A run of slots whose writes are a shard's. */
export interface SlotHome extends SlotRange {
  readonly shard: number
  /**
   * They came to it when its stream had been applied so far. A target that loses its last moments gets what lies before
   * once more, beside what their former owner wrote.
   */
  readonly since?: number | undefined
  /** They came to it at this time, ms; where there is none, long ago. */
  readonly at?: number | undefined
}

/** What a master says of itself at one moment. */
export interface MasterSays {
  /** The slots it takes writes for. */
  readonly slots: readonly SlotRange[]
  /** Slots on their way to it or from it. */
  readonly moving: readonly number[]
  /** How far it had written when it said so, or a little later. */
  readonly offset: number
}

/** A shard of a cluster, as far as moving slots concern it. */
export interface MovingShard {
  readonly index: number
  /** Every write up to here is in the target; null while none is applied. */
  readonly applied: number | null
  /** Null where it cannot be asked now. */
  askMaster(): Promise<MasterSays | null>
  /** Names of all keys of a slot, where its master has it. */
  keysInSlot(slot: number): Promise<readonly Buffer[]>
  /** These go on its list of keys to be copied: until they are, what a command makes of them may be wrong too. */
  expectCopies(keys: readonly DbKey[]): void
}

/** The lists of a shard in the target, by its number. */
export type ListsOf = (shard: number) => ShardLists

/** The shard that a slot is at rest with, if it is with any. */
type OwnerOf = (slot: number) => MovingShard | undefined

export interface SlotMovesOptions {
  readonly homes: readonly SlotHome[]
  readonly shards: () => readonly MovingShard[]
  readonly keep: (homes: readonly SlotHome[]) => Promise<void>
  /** A slot has gone to a master that is none of the shards. */
  readonly onStranger: () => void
}

const lookEveryMs = 20
const pollEveryMs = 1_000
/** After so many looks a slot that no shard has is taken to be a new master's. */
const looksAtStrangers = 3
const namesAtOnce = 500

/**
 * Slots of a followed cluster that move from one master to another. The masters' streams tell nothing of each other, so
 * what the former owner of a slot wrote last may come behind what the new one wrote first. A shard therefore puts every
 * key that it writes outside of its own slots on a list in the target, in the transaction that writes it. When a slot
 * has come to rest and all that any master wrote till then is applied, its keys on the lists are copied afresh
 * from its owner, each at its exact place in the owner's stream: whatever came between is put right.
 */
export class SlotMoves {
  readonly #options: SlotMovesOptions
  readonly #home = new Int16Array(slotCount).fill(-1)
  readonly #since = new Float64Array(slotCount)
  readonly #at = new Float64Array(slotCount)
  /** Slots that moved while a shard was being copied: a key may have been in two snapshots, or in none. */
  readonly #whole = new Set<number>()
  #allFollowed = false
  #hasLooked = false
  #copies = 0
  #strange = 0

  constructor(options: SlotMovesOptions) {
    this.#options = options
    for (const { from, to, shard, since = 0, at = 0 } of options.homes) {
      this.#home.fill(shard, from, to + 1)
      this.#since.fill(since, from, to + 1)
      this.#at.fill(at, from, to + 1)
    }
  }

  /** Whatever is to be made good, for what was seen during this stay at the target, is on the lists there. */
  get isAtRest(): boolean {
    return this.#hasLooked && this.#whole.size === 0
  }

  /** Does a shard write this key outside of its own slots, with what ends at this place of its stream? */
  isAbroad(shard: number, key: Uint8Array, end = Infinity): boolean {
    const slot = keySlot(key)
    return this.#home[slot] !== shard || end <= this.#since[slot]!
  }

  /** Tells whose the keys of the target are that a copy of this shard lacks. Asks its master once, until it answers. */
  whoseFor(shard: MovingShard, rules: FollowedRules | null, signal: AbortSignal): TellWhose {
    let coming: Promise<Uint8Array> | null = null
    return async (keys) => {
      coming ??= this.#slotsAt(shard, signal)
      const isThere = await coming
      return keys.map((key) => {
        const [known] = fromTarget(rules, key)
        if (known === undefined) return 'others'
        const slot = slotAtSource(known)
        if (this.#home[slot] === shard.index) return 'own'
        return isThere[slot] === 1 ? 'unsettled' : 'others'
      })
    }
  }

  /** By slot: 1 where its master has it, or it is on its way. */
  async #slotsAt(shard: MovingShard, signal: AbortSignal): Promise<Uint8Array> {
    const isThere = new Uint8Array(slotCount)
    for (;;) {
      signal.throwIfAborted()
      const says = await shard.askMaster()
      if (says !== null) {
        for (const { from, to } of says.slots) isThere.fill(1, from, to + 1)
        for (const slot of says.moving) isThere[slot] = 1
        return isThere
      }
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** A shard has been copied, whether or not that was seen at a look: what its lists said is gone. */
  noteCopied(shard: number): void {
    for (let slot = 0; slot < slotCount; slot += 1) if (this.#home[slot] === shard) this.#since[slot] = 0
    this.#allFollowed = false
    this.#hasLooked = false
    this.#copies += 1
  }

  /**
   * The target may have lost what it was told since this time, ms: what was listed of slots that came home later than that,
   * too. They are abroad again, on disk as well, until all their keys have been listed.
   */
  async doubtSince(time: number): Promise<void> {
    const doubted = [...this.#at.keys()].filter((slot) => this.#at[slot]! >= time)
    for (const slot of doubted) {
      this.#home[slot] = -1
      this.#at[slot] = 0
      this.#whole.add(slot)
    }
    if (doubted.length > 0) await this.#options.keep(this.#homes())
  }

  /** Resolves when all that other shards have written by now is applied: for one that joins them. */
  async passOthers(shard: number, signal: AbortSignal): Promise<void> {
    for (const other of this.#options.shards().filter(({ index }) => index !== shard)) {
      let goal: number | null = null
      while (!signal.aborted && (goal === null || (other.applied ?? -1) < goal)) {
        goal ??= (await other.askMaster())?.offset ?? null
        await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  /**
   * Looks every second which slots have come to rest, and has their keys made good, by these rules (null: everything
   * goes along as it is). Ends with the signal.
   */
  async watch(listsOf: ListsOf, rules: FollowedRules | null, signal: AbortSignal): Promise<void> {
    this.#hasLooked = false
    while (!signal.aborted) {
      await this.#look(listsOf, rules, signal)
      await sleep(pollEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #look(listsOf: ListsOf, rules: FollowedRules | null, signal: AbortSignal): Promise<void> {
    const copies = this.#copies
    const shards = this.#options.shards()
    const answers = await Promise.all(shards.map((shard) => shard.askMaster()))
    const said = answers.flatMap((one) => one ?? [])
    if (said.length < shards.length) return
    const owner = new Int16Array(slotCount).fill(-1)
    for (const [at, { slots }] of said.entries())
      for (const { from, to } of slots) owner.fill(shards[at]!.index, from, to + 1)
    const moving = new Set(said.flatMap((one) => one.moving))
    this.#noteMovesWhileCopying(shards, owner, moving)
    this.#noteStrangers(owner)
    const isApplied = (): boolean =>
      shards.every(({ applied }, at) => applied !== null && applied >= said[at]!.offset)
    const deadline = Date.now() + pollEveryMs
    while (!signal.aborted && Date.now() < deadline && !isApplied())
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
    // A copy in between says nothing of the moves before it: only the next look does.
    if (signal.aborted || copies !== this.#copies || !isApplied()) return
    const byIndex = new Map(shards.map((shard) => [shard.index, shard]))
    const restsWith: OwnerOf = (slot) => (moving.has(slot) ? undefined : byIndex.get(owner[slot]!))
    // While a slot is abroad, all that its owner makes of its keys is listed. What is wrong in it must be known before.
    await this.#listWhole(listsOf, rules, restsWith)
    const ofSource = (key: DbKey): readonly DbKey[] => fromSource(rules, key)
    for (const { index } of shards) await this.#handOver(listsOf, listsOf(index).moved, ofSource, restsWith)
    const coming = this.#slotsComingHome(restsWith)
    if (coming.size > 0) {
      // What a copy of the former owner lacked, the new one may have written since, or write yet: he alone knows it.
      const ofTarget = (key: DbKey): readonly DbKey[] => fromTarget(rules, key)
      const comesTo: OwnerOf = (slot) => coming.get(slot)
      for (const { index } of shards) await this.#handOver(listsOf, listsOf(index).stale, ofTarget, comesTo)
      const offsets = new Map(shards.map(({ index }, at) => [index, said[at]!.offset]))
      if (copies === this.#copies) await this.#bringHome(coming, offsets)
    }
    this.#hasLooked = copies === this.#copies
  }

  /** Slots that are at rest with another shard than the one that they are at home with, and with which. */
  #slotsComingHome(restsWith: OwnerOf): ReadonlyMap<number, MovingShard> {
    const coming = new Map<number, MovingShard>()
    for (let slot = 0; slot < slotCount; slot += 1) {
      const shard = restsWith(slot)
      if (shard !== undefined && shard.index !== this.#home[slot]) coming.set(slot, shard)
    }
    return coming
  }

  #noteMovesWhileCopying(
    shards: readonly MovingShard[],
    owner: Int16Array,
    moving: ReadonlySet<number>,
  ): void {
    const allFollow = shards.every(({ applied }) => applied !== null)
    if (!this.#allFollowed || !allFollow)
      for (let slot = 0; slot < slotCount; slot += 1)
        if (moving.has(slot) || owner[slot] !== this.#home[slot]) this.#whole.add(slot)
    this.#allFollowed = allFollow
  }

  #noteStrangers(owner: Int16Array): void {
    const isStrange = owner.some((shard, slot) => shard < 0 && this.#home[slot]! >= 0)
    this.#strange = isStrange ? this.#strange + 1 : 0
    if (isStrange && this.#strange % looksAtStrangers === 0) this.#options.onStranger()
  }

  async #listWhole(listsOf: ListsOf, rules: FollowedRules | null, restsWith: OwnerOf): Promise<void> {
    for (const slot of [...this.#whole]) {
      const shard = restsWith(slot)
      if (shard === undefined) continue
      const keys = (await shard.keysInSlot(slot)).flatMap((key) => fromSource(rules, { db: 0, key }))
      shard.expectCopies(keys.map(sourceKey))
      for (let at = 0; at < keys.length; at += namesAtOnce)
        await listsOf(shard.index).repair.add(keys.slice(at, at + namesAtOnce))
      // Not before: its master may not answer, and then another look comes here.
      this.#whole.delete(slot)
    }
  }

  /** Slots at rest are their owners' own from now on. */
  async #bringHome(
    coming: ReadonlyMap<number, MovingShard>,
    offsets: ReadonlyMap<number, number>,
  ): Promise<void> {
    const now = Date.now()
    for (const [slot, { index }] of coming) {
      this.#home[slot] = index
      this.#at[slot] = now
      this.#since[slot] = offsets.get(index)!
    }
    await this.#options.keep(this.#homes())
  }

  /**
   * What is on a list of slots that are at rest by now is for their owners to make good. `known`: the keys that a name on
   * it stands for, as the rules have them.
   */
  async #handOver(
    listsOf: ListsOf,
    list: KeyList,
    known: (key: DbKey) => readonly DbKey[],
    ownerOf: OwnerOf,
  ): Promise<void> {
    const byOwner = new Map<MovingShard, DbKey[]>()
    for (const key of (await list.all()).flatMap(known)) {
      const owner = ownerOf(slotAtSource(key))
      if (owner === undefined) continue
      const some = byOwner.get(owner)
      if (some === undefined) byOwner.set(owner, [key])
      else some.push(key)
    }
    for (const [owner, some] of byOwner) owner.expectCopies(some.map(sourceKey))
    for (const [owner, some] of byOwner)
      for (let at = 0; at < some.length; at += namesAtOnce)
        await list.hand(some.slice(at, at + namesAtOnce), listsOf(owner.index).repair)
  }

  #homes(): SlotHome[] {
    const homes: SlotHome[] = []
    let from = 0
    for (let slot = 1; slot <= slotCount; slot += 1) {
      const alike = [this.#home, this.#since, this.#at].every((of) => of[slot] === of[from])
      if (slot < slotCount && alike) continue
      const [shard, since, at] = [this.#home[from]!, this.#since[from]!, this.#at[from]!]
      if (shard >= 0)
        homes.push({ from, to: slot - 1, shard, ...(since > 0 && { since }), ...(at > 0 && { at }) })
      from = slot
    }
    return homes
  }
}

function slotAtSource(key: DbKey): number {
  return keySlot(sourceKey(key).key)
}
