import type { Control } from '../redis/control.ts'
import { watchedTransaction } from '../redis/watched-transaction.ts'
import { encoded, type PreparedCommand } from '../target/transaction-frame.ts'
import { formatDbKey, formatSourceKey, parseDbKey, type DbKey, type TaskKeys } from './checkpoint.ts'

const scanCount = 1_000

/**
 * Names of a shard's keys, noted in the target itself, in the very transactions that make it necessary. Keys are given as
 * the target has them, with what they are at the source; which of the two a list keeps, and gives, is told by it.
 */
export interface KeyList {
  /** What puts these on it, for the transaction of a unit with these keys that ends at `end`. */
  adding(keys: readonly DbKey[], end: number): readonly PreparedCommand[]
  /** What takes these off it, for the transaction that settles them. */
  removing(keys: readonly DbKey[]): readonly PreparedCommand[]
  /** A unit that ends at `end` has failed on these: whoever applied it puts them on the list. */
  expect(keys: readonly DbKey[], end: number): void
  /** Puts these on it now. */
  add(keys: readonly DbKey[]): Promise<void>
  /** Has these on another list of the same target rather than on this one. */
  hand(keys: readonly DbKey[], to: this): Promise<void>
  /** How many there are, where all up to `applied` is in the target. */
  count(applied: number): Promise<number>
  /** Some of them, `most` at the most. */
  some(most: number): Promise<readonly DbKey[]>
  all(): Promise<readonly DbKey[]>
}

/** The scripts of a shard, kept as the lists are. */
export interface ScriptShelf {
  /** Their bodies by their SHA1. */
  read(): Promise<ReadonlyMap<string, Buffer>>
  /** What keeps this one, for a transaction with this key; null: with none. */
  keeping(sha: string, body: Buffer, near: Uint8Array | null): PreparedCommand
  /** What takes all of them away. */
  readonly clearing: readonly PreparedCommand[]
  /** What takes all keys of the target away leaves these. */
  readonly outlastsFlush: boolean
}

/** What is noted of a shard in the target, beside its place. */
export interface ShardLists {
  /** To be copied afresh; by what they are at the source. */
  readonly repair: KeyList
  /** Written outside of the shard's own slots, by a cluster's master; by what they are at the source. */
  readonly moved: KeyList
  /** What the newest of several copies of the shard did not have; by what they are in the target. */
  readonly stale: KeyList
  readonly scripts: ScriptShelf
}

/** Those of a shard in one server, each a set there. */
export function listsInServer(control: Control, keys: TaskKeys): ShardLists {
  return {
    repair: new ServerList(control, keys.repair, formatSourceKey),
    moved: new ServerList(control, keys.moved, formatSourceKey),
    stale: new ServerList(control, keys.stale, formatDbKey),
    scripts: {
      async read() {
        return scriptsOf(await control.callBuffer('HGETALL', keys.scripts))
      },
      keeping: (sha, body) => ofOurs(['HSET', keys.scripts, sha, body]),
      clearing: [ofOurs(['DEL', keys.scripts])],
      outlastsFlush: true,
    },
  }
}

class ServerList implements KeyList {
  readonly #control: Control
  readonly #name: string
  readonly #format: (key: DbKey) => Buffer

  constructor(control: Control, name: string, format: (key: DbKey) => Buffer) {
    this.#control = control
    this.#name = name
    this.#format = format
  }

  adding(keys: readonly DbKey[]): readonly PreparedCommand[] {
    return keys.length === 0 ? [] : [ofOurs(['SADD', this.#name, ...keys.map(this.#format)])]
  }

  removing(keys: readonly DbKey[]): readonly PreparedCommand[] {
    return keys.length === 0 ? [] : [ofOurs(['SREM', this.#name, ...keys.map(this.#format)])]
  }

  expect(): void {
    // They are counted where they are.
  }

  async add(keys: readonly DbKey[]): Promise<void> {
    await this.#control.call('SADD', this.#name, ...keys.map(this.#format))
  }

  async hand(keys: readonly DbKey[], to: this): Promise<void> {
    await watchedTransaction(this.#control, [
      ['SADD', to.#name, ...keys.map(to.#format)],
      ['SREM', this.#name, ...keys.map(this.#format)],
    ])
  }

  async count(): Promise<number> {
    return Number(await this.#control.call('SCARD', this.#name))
  }

  async some(most: number): Promise<readonly DbKey[]> {
    const members = await this.#control.callBuffer('SRANDMEMBER', this.#name, most)
    return (members as unknown as readonly Buffer[]).map(parseDbKey)
  }

  async all(): Promise<readonly DbKey[]> {
    const found = new Map<string, DbKey>()
    let cursor = '0'
    do {
      const reply = await this.#control.callBuffer('SSCAN', this.#name, cursor, 'COUNT', scanCount)
      const [next, members] = reply as unknown as [Buffer, readonly Buffer[]]
      cursor = next.toString()
      for (const member of members) found.set(member.toString('latin1'), parseDbKey(member))
    } while (cursor !== '0')
    return [...found.values()]
  }
}

/** The reply to HGETALL. */
export function scriptsOf(reply: unknown): ReadonlyMap<string, Buffer> {
  const found = reply as readonly Buffer[]
  const bodies = new Map<string, Buffer>()
  for (let at = 0; at + 1 < found.length; at += 2) bodies.set(found[at]!.toString('latin1'), found[at + 1]!)
  return bodies
}

function ofOurs(words: readonly (string | Buffer)[]): PreparedCommand {
  return { db: 0, name: String(words[0]), ...encoded(words), keys: [] }
}
