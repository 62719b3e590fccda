import { setTimeout as sleep } from 'node:timers/promises'
import { keySlot } from '../bytes/crc16.ts'
import type { Control } from '../redis/control.ts'
import { slotCount, type SlotRange } from '../redis/topology.ts'
import { watchedTransaction } from '../redis/watched-transaction.ts'
import { formatDbKey, parseDbKey, type TaskKeys } from './checkpoint.ts'

/** A run of slots whose writes are a shard's. */
export interface SlotHome extends SlotRange {
  readonly shard: number
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
  readonly keys: TaskKeys
  /** Every write up to here is in the target; null while none is applied. */
  readonly applied: number | null
  /** Null where it cannot be asked now. */
  askMaster(): Promise<MasterSays | null>
  /** Names of all keys of a slot, where its master has it. */
  keysInSlot(slot: number): Promise<readonly Buffer[]>
}

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
  /** Slots that moved while a shard was being copied: a key may have been in two snapshots, or in none. */
  readonly #whole = new Set<number>()
  #allFollowed = false
  #strange = 0

  constructor(options: SlotMovesOptions) {
    this.#options = options
    for (const { from, to, shard } of options.homes) this.#home.fill(shard, from, to + 1)
  }

  /** Does a shard write this key outside of its own slots? */
  isAbroad(shard: number, key: Uint8Array): boolean {
    return this.#home[keySlot(key)] !== shard
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

  /** Looks every second which slots have come to rest, and has their keys made good. Ends with the signal. */
  async watch(control: Control, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look(control, signal)
      await sleep(pollEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #look(control: Control, signal: AbortSignal): Promise<void> {
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
    if (signal.aborted || !isApplied()) return
    const restsWith = (slot: number): MovingShard | undefined =>
      moving.has(slot) ? undefined : shards.find(({ index }) => index === owner[slot])
    await this.#bringHome(control, restsWith)
    for (const shard of shards) await this.#handOver(control, shard, restsWith)
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

  /** Slots at rest are their owners' own from now on. */
  async #bringHome(control: Control, restsWith: (slot: number) => MovingShard | undefined): Promise<void> {
    let changed = false
    for (let slot = 0; slot < slotCount; slot += 1) {
      const shard = restsWith(slot)
      if (shard === undefined) continue
      if (this.#whole.delete(slot)) await listForRepair(control, shard, await shard.keysInSlot(slot))
      if (this.#home[slot] === shard.index) continue
      this.#home[slot] = shard.index
      changed = true
    }
    if (changed) await this.#options.keep(this.#homes())
  }

  /** What a shard wrote abroad, in slots that are at rest by now, is for their owners to make good. */
  async #handOver(
    control: Control,
    shard: MovingShard,
    restsWith: (slot: number) => MovingShard | undefined,
  ): Promise<void> {
    const members = (await control.callBuffer('SMEMBERS', shard.keys.moved)) as unknown as readonly Buffer[]
    const byOwner = new Map<MovingShard, Buffer[]>()
    for (const member of members) {
      const owner = restsWith(keySlot(parseDbKey(member).key))
      if (owner === undefined) continue
      const some = byOwner.get(owner)
      if (some === undefined) byOwner.set(owner, [member])
      else some.push(member)
    }
    for (const [owner, some] of byOwner)
      for (let at = 0; at < some.length; at += namesAtOnce) {
        const names = some.slice(at, at + namesAtOnce)
        await watchedTransaction(control, [
          ['SADD', owner.keys.repair, ...names],
          ['SREM', shard.keys.moved, ...names],
        ])
      }
  }

  #homes(): SlotHome[] {
    const homes: SlotHome[] = []
    let from = 0
    for (let slot = 1; slot <= slotCount; slot += 1) {
      if (slot < slotCount && this.#home[slot] === this.#home[from]) continue
      if (this.#home[from]! >= 0) homes.push({ from, to: slot - 1, shard: this.#home[from]! })
      from = slot
    }
    return homes
  }
}

async function listForRepair(
  control: Control,
  { keys }: MovingShard,
  names: readonly Buffer[],
): Promise<void> {
  for (let at = 0; at < names.length; at += namesAtOnce) {
    const members = names.slice(at, at + namesAtOnce).map((key) => formatDbKey({ db: 0, key }))
    await control.call('SADD', keys.repair, ...members)
  }
}
