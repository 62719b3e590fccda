import { detail } from '#contract/difference.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import type { Steps } from '../rdb/steps.ts'
import type { Reply } from '../resp/decode.ts'
import {
  walkStream,
  type DecodedGroup,
  type DecodedPending,
  type DecodedState,
  type StreamParts,
} from './decoded-stream.ts'
import { escaped, groupDifference, stateDifference, type ValueDifference } from './same-value.ts'
import { targetNow, type TargetSide } from './target-side.ts'
import { sequence } from './value.ts'

const sliceEntries = 500
const sliceBytes = 1024 * 1024
const pendingAtOnce = 1_000
/** XPENDING tells how long ago an entry was delivered, at a moment that we know only so well. */
const deliveryToleranceMs = 2_000

type Entry = readonly [id: Buffer, parts: readonly Buffer[]]

/** Compares a stream of any length with the target's: entries in slices, then each group's pending ones. */
export class StreamInSlices implements StreamParts {
  readonly #side: TargetSide
  readonly #db: number
  readonly #key: Buffer
  #found: ValueDifference | null = null
  #entries: Entry[] = []
  #bytes = 0
  #length = 0
  #groups = 0

  constructor(side: TargetSide, db: number, key: Buffer) {
    this.#side = side
    this.#db = db
    this.#key = key
  }

  *compare(version: 1 | 2 | 3, feed: ByteFeed): Steps<ValueDifference | null> {
    yield* walkStream(version, feed, this)
    if (this.#found === null) yield this.#compareGroupCount()
    return this.#found
  }

  *entry(id: string, parts: readonly string[]): Steps<void> {
    if (this.#found !== null) return
    const bytes = parts.map((part) => Buffer.from(part, 'latin1'))
    this.#entries.push([Buffer.from(id), bytes])
    this.#bytes += bytes.reduce((sum, part) => sum + part.length, 0)
    if (this.#entries.length >= sliceEntries || this.#bytes >= sliceBytes) yield this.#compareEntries()
  }

  *state(state: DecodedState): Steps<void> {
    if (this.#found === null && this.#entries.length > 0) yield this.#compareEntries()
    if (this.#found === null) yield this.#compareState(state)
  }

  *group(name: string, group: DecodedGroup): Steps<void> {
    this.#groups += 1
    if (this.#found === null) yield this.#compareGroup(name, group)
  }

  async #compareEntries(): Promise<void> {
    const entries = this.#entries
    const from = this.#length
    this.#entries = []
    this.#bytes = 0
    this.#length += entries.length
    // One more than there should be, so that an entry between two of them is seen.
    const command = ['XRANGE', this.#key, entries[0]![0], entries.at(-1)![0], 'COUNT', entries.length + 1]
    const differs = sequence(entries, await this.#side.link.ask(this.#db, command), 'entry', 1, from)
    if (differs !== null) this.#found = { kind: 'value', detail: differs }
  }

  async #compareState(state: DecodedState): Promise<void> {
    const facts = named(await this.#side.link.ask(this.#db, ['XINFO', 'STREAM', this.#key]))
    const length = Number(facts.get('length'))
    if (length !== this.#length) {
      this.#found = { kind: 'value', detail: detail('length', { source: this.#length, target: length }) }
      return
    }
    const maxDeletedId = facts.get('max-deleted-entry-id')
    const added = facts.get('entries-added')
    const found = stateDifference(state, {
      length: BigInt(length),
      lastId: String(facts.get('last-generated-id')),
      maxDeletedId: maxDeletedId === undefined ? undefined : String(maxDeletedId),
      entriesAdded: added === undefined ? undefined : BigInt(String(added)),
    })
    if (found !== null) this.#found = { kind: 'groups', detail: found }
  }

  async #compareGroup(name: string, group: DecodedGroup): Promise<void> {
    const there = (await this.#groupsThere()).get(name)
    const found =
      there === undefined
        ? detail('group-missing', { group: escaped(name) })
        : groupDifference(escaped(name), group, await this.#readGroup(name, there), deliveryToleranceMs)
    if (found !== null) this.#found = { kind: 'groups', detail: found }
  }

  async #compareGroupCount(): Promise<void> {
    const there = (await this.#groupsThere()).size
    if (there !== this.#groups)
      this.#found = { kind: 'groups', detail: detail('groups', { source: this.#groups, target: there }) }
  }

  async #groupsThere(): Promise<ReadonlyMap<string, ReadonlyMap<string, Reply>>> {
    const groups = await this.#side.link.ask(this.#db, ['XINFO', 'GROUPS', this.#key])
    return byName(groups)
  }

  async #readGroup(name: string, facts: ReadonlyMap<string, Reply>): Promise<DecodedGroup> {
    const group = Buffer.from(name, 'latin1')
    const consumers = byName(await this.#side.link.ask(this.#db, ['XINFO', 'CONSUMERS', this.#key, group]))
    const entriesRead = facts.get('entries-read')
    return {
      lastId: String(facts.get('last-delivered-id')),
      entriesRead:
        entriesRead === undefined ? undefined : entriesRead === null ? -1n : BigInt(String(entriesRead)),
      consumers: new Set(consumers.keys()),
      pending: await this.#readPending(group),
    }
  }

  async #readPending(group: Buffer): Promise<Map<string, DecodedPending>> {
    const pending = new Map<string, DecodedPending>()
    for (let from = '-'; ;) {
      const told = await this.#side.link.ask(this.#db, [
        ...['XPENDING', this.#key, group],
        ...[from, '+', pendingAtOnce],
      ])
      const now = targetNow(this.#side)
      const rows = told as unknown as readonly (readonly [Buffer, Buffer, number, number])[]
      for (const [id, consumer, idleMs, deliveries] of rows)
        pending.set(id.toString(), {
          deliveredAt: now - idleMs,
          deliveries,
          consumer: consumer.toString('latin1'),
        })
      if (rows.length < pendingAtOnce) return pending
      // `(id` is known only from 6.2 on: the next one is the smallest id behind.
      const [ms, seq] = rows.at(-1)![0].toString().split('-')
      from = `${ms}-${BigInt(seq!) + 1n}`
    }
  }
}

/** Fields of a reply that tells them in turns with their names. */
function named(reply: Reply): ReadonlyMap<string, Reply> {
  const items = Array.isArray(reply) ? (reply as readonly Reply[]) : []
  const fields = new Map<string, Reply>()
  for (let at = 0; at + 1 < items.length; at += 2) fields.set(String(items[at]), items[at + 1]!)
  return fields
}

/** Rows of XINFO by their name, one character a byte. */
function byName(reply: Reply): ReadonlyMap<string, ReadonlyMap<string, Reply>> {
  const rows = Array.isArray(reply) ? (reply as readonly Reply[]) : []
  return new Map(
    rows.map((row) => {
      const fields = named(row)
      const name = fields.get('name')
      return [Buffer.isBuffer(name) ? name.toString('latin1') : '', fields]
    }),
  )
}
