import { keySlot } from '../bytes/crc16.ts'
import type { Reply } from '../resp/decode.ts'
import type { LiveNodes } from '../target/live-nodes.ts'
import { encoded, type PreparedCommand } from '../target/transaction-frame.ts'
import {
  formatDbKey,
  formatSourceKey,
  noteNames,
  parseDbKey,
  type ClusterTaskKeys,
  type DbKey,
  type NoteName,
} from './checkpoint.ts'
import { scriptsOf, type KeyList, type ScriptShelf, type ShardLists } from './key-lists.ts'

/** Of a slot where nothing is on its way. */
const settled = -1

/** The lists of a shard in a cluster: each name stands in the slot of its key. */
export class SlotLists implements ShardLists {
  readonly repair: SlotList
  readonly moved: SlotList
  readonly stale: SlotList
  readonly scripts: ScriptShelf
  readonly #nodes: LiveNodes
  readonly #keys: ClusterTaskKeys
  /** Slots that hold scripts. */
  #shelves = new Set<number>()

  constructor(nodes: LiveNodes, keys: ClusterTaskKeys) {
    this.#nodes = nodes
    this.#keys = keys
    this.repair = new SlotList(nodes, (slot) => keys.note('repair', slot), formatSourceKey)
    this.moved = new SlotList(nodes, (slot) => keys.note('moved', slot), formatSourceKey)
    this.stale = new SlotList(nodes, (slot) => keys.note('stale', slot), formatDbKey)
    this.scripts = {
      read: () => this.#readScripts(),
      keeping: (sha, body, near) => this.#keeping(sha, body, near === null ? keys.slot : keySlot(near)),
      // They lie in many slots, and one too many does no harm.
      clearing: [],
      outlastsFlush: false,
    }
  }

  /** How many keys they take in the cluster, as far as is known. */
  get size(): number {
    return this.repair.size + this.moved.size + this.stale.size + this.#shelves.size
  }

  /** Finds out what there is of them, before any other question. */
  async find(): Promise<void> {
    const names = noteNames.map((name) => [name, this.#slotsOf(name)] as const)
    const there = await this.#nodes.askEach((slot) => [
      'EXISTS',
      ...noteNames.map((name) => this.#keys.note(name, slot)),
    ])
    const some = [...there.keys()].filter((slot) => Number(there[slot]) > 0)
    for (const [name, slots] of names) {
      const found = await this.#nodes.askEach((slot) => ['EXISTS', this.#keys.note(name, slot)], some)
      for (const [at, slot] of some.entries()) if (Number(found[at]) > 0) slots(slot)
    }
  }

  /** All of it has been taken away. */
  forget(): void {
    for (const list of [this.repair, this.moved, this.stale]) list.forget()
    this.#shelves.clear()
  }

  #slotsOf(name: NoteName): (slot: number) => void {
    return name === 'scripts'
      ? (slot) => void this.#shelves.add(slot)
      : (slot) => this[name].note(slot, settled)
  }

  async #readScripts(): Promise<ReadonlyMap<string, Buffer>> {
    const slots = [...this.#shelves]
    const replies = await this.#nodes.askEach((slot) => ['HGETALL', this.#keys.note('scripts', slot)], slots)
    return new Map(replies.flatMap((reply) => [...scriptsOf(reply)]))
  }

  #keeping(sha: string, body: Buffer, slot: number): PreparedCommand {
    this.#shelves.add(slot)
    return ofOurs(this.#keys.note('scripts', slot), 'HSET', [sha, body])
  }
}

/**
 * One list. Which slots may have some of it is known without asking: whatever puts a name on it goes through here. A
 * slot is left out again when it has none and all is applied that was to bring it some.
 */
class SlotList implements KeyList {
  readonly #nodes: LiveNodes
  readonly #nameIn: (slot: number) => string
  readonly #format: (key: DbKey) => Buffer
  /** Slots that may have some, and the end of the last unit that brings them some. */
  readonly #slots = new Map<number, { readonly end: number }>()
  #notes = 0
  #coming = 0

  constructor(nodes: LiveNodes, nameIn: (slot: number) => string, format: (key: DbKey) => Buffer) {
    this.#nodes = nodes
    this.#nameIn = nameIn
    this.#format = format
  }

  get size(): number {
    return this.#slots.size
  }

  adding(keys: readonly DbKey[], end: number): readonly PreparedCommand[] {
    this.expect(keys, end)
    return this.#eachSlot(keys, 'SADD')
  }

  removing(keys: readonly DbKey[]): readonly PreparedCommand[] {
    return this.#eachSlot(keys, 'SREM')
  }

  expect(keys: readonly DbKey[], end: number): void {
    for (const { key } of keys) this.note(keySlot(key), end)
  }

  note(slot: number, end: number): void {
    this.#slots.set(slot, { end: Math.max(this.#slots.get(slot)?.end ?? settled, end) })
    this.#notes += 1
  }

  async add(keys: readonly DbKey[]): Promise<void> {
    const slots = this.#bySlot(keys)
    await this.#bring(keys, () =>
      this.#nodes.askEach((slot) => ['SADD', this.#nameIn(slot), ...slots.get(slot)!], [...slots.keys()]),
    )
  }

  async hand(keys: readonly DbKey[], to: this): Promise<void> {
    const slots = this.#bySlot(keys)
    const theirs = to.#bySlot(keys)
    await to.#bring(keys, () =>
      Promise.all(
        [...slots].map(([slot, names]) =>
          this.#nodes.ask(slot, [
            ['MULTI'],
            ['SADD', to.#nameIn(slot), ...theirs.get(slot)!],
            ['SREM', this.#nameIn(slot), ...names],
            ['EXEC'],
          ]),
        ),
      ),
    )
  }

  async count(applied: number): Promise<number> {
    const notes = this.#notes
    const before = [...this.#slots]
    const slots = before.map(([slot]) => slot)
    const counts = await this.#ask(slots, (name) => ['SCARD', name])
    let sum = 0
    for (const [at, [slot, noted]] of before.entries()) {
      const count = Number(counts[at])
      sum += count
      if (count === 0 && noted.end <= applied && this.#slots.get(slot) === noted) this.#slots.delete(slot)
    }
    // What came meanwhile was not counted, but is there.
    return this.#coming > 0 || notes !== this.#notes ? Math.max(sum, 1) : sum
  }

  async some(most: number): Promise<readonly DbKey[]> {
    const slots = [...this.#slots.keys()].slice(0, most)
    if (slots.length === 0) return []
    const ofEach = Math.ceil(most / slots.length)
    return keysIn(await this.#ask(slots, (name) => ['SRANDMEMBER', name, ofEach])).slice(0, most)
  }

  async all(): Promise<readonly DbKey[]> {
    return keysIn(await this.#ask([...this.#slots.keys()], (name) => ['SMEMBERS', name]))
  }

  forget(): void {
    this.#slots.clear()
  }

  async #bring(keys: readonly DbKey[], work: () => Promise<unknown>): Promise<void> {
    this.#coming += 1
    try {
      await work()
      this.expect(keys, settled)
    } finally {
      this.#coming -= 1
    }
  }

  #eachSlot(keys: readonly DbKey[], verb: 'SADD' | 'SREM'): readonly PreparedCommand[] {
    return [...this.#bySlot(keys)].map(([slot, names]) => ofOurs(this.#nameIn(slot), verb, names))
  }

  /** As the list keeps them, by the slots that they have in the target. */
  #bySlot(keys: readonly DbKey[]): ReadonlyMap<number, Buffer[]> {
    const slots = new Map<number, Buffer[]>()
    for (const key of keys) {
      const slot = keySlot(key.key)
      const names = slots.get(slot)
      if (names === undefined) slots.set(slot, [this.#format(key)])
      else names.push(this.#format(key))
    }
    return slots
  }

  #ask(
    slots: readonly number[],
    command: (name: string) => readonly (string | number)[],
  ): Promise<readonly Reply[]> {
    return this.#nodes.askEach((slot) => command(this.#nameIn(slot)), slots)
  }
}

function keysIn(replies: readonly Reply[]): readonly DbKey[] {
  return replies.flatMap((reply) => (reply as readonly Buffer[]).map(parseDbKey))
}

function ofOurs(name: string, verb: string, rest: readonly (string | Buffer)[]): PreparedCommand {
  return { db: 0, name: verb, ...encoded([verb, name, ...rest]), keys: [], ours: Buffer.from(name) }
}
