import type { ByteFeed } from '../bytes/feed.ts'
import { readCollection } from '../rdb/collection.ts'
import { kindOf, type RdbFlavour } from '../rdb/opcodes.ts'
import { MemoryFeed, run } from '../rdb/steps.ts'
import { streamVersion } from '../rdb/stream.ts'
import { StringReader } from '../rdb/string.ts'
import { walkStream, type DecodedGroup, type DecodedState } from '../verify/decoded-stream.ts'
import { escaped } from '../verify/same-value.ts'
import { groupName, scoreText } from './server-side.ts'
import type { Unit } from './value-side.ts'

/** Of a value that is larger only the beginning is held. */
const heldBytes = 64 * 1024 * 1024

/** A value of an RDB, or its beginning, in memory. */
export interface HeldValue {
  /** Of a string, or a module's value as it stands in the file. */
  readonly bytes: Buffer
  readonly units: readonly Unit[]
  readonly facts: ReadonlyMap<string, string>
  readonly length: number | null
  readonly cut: boolean
}

/** Reads the value at the feed's cursor. Where the cursor is left depends. @throws file.corrupt, file.truncated */
export async function holdValue(code: number, feed: ByteFeed, flavour: RdbFlavour): Promise<HeldValue> {
  const version = streamVersion(code)
  const kind = kindOf(code)
  if (version !== undefined) return await holdStream(version, feed)
  if (kind === 'string') return await holdString(feed)
  if (kind === 'module') return holdModule(feed)
  return await holdCollection(kind === 'zset', code, feed, flavour)
}

/** Ends the reading of a value of which there is enough. */
class Enough extends Error {}

async function untilEnough(reading: () => Promise<void>): Promise<boolean> {
  try {
    await reading()
    return false
  } catch (thrown) {
    if (thrown instanceof Enough) return true
    throw thrown
  }
}

async function holdString(feed: ByteFeed): Promise<HeldValue> {
  let bytes: Buffer = Buffer.alloc(0)
  let length = 0
  const reader = new StringReader(feed)
  await run(
    (function* () {
      const text = yield* reader.next()
      length = text.length
      bytes = yield* text.part(Math.min(length, heldBytes)).copy()
    })(),
  )
  return { ...nothing, bytes, length, cut: length > heldBytes }
}

/** What its bytes mean only the module knows. */
function holdModule(feed: ByteFeed): HeldValue {
  const bytes =
    feed instanceof MemoryFeed
      ? Buffer.from(feed.buffer.subarray(feed.position, Math.min(feed.end, feed.position + heldBytes)))
      : Buffer.alloc(0)
  return { ...nothing, bytes, cut: !(feed instanceof MemoryFeed) }
}

async function holdCollection(
  isScored: boolean,
  code: number,
  feed: ByteFeed,
  flavour: RdbFlavour,
): Promise<HeldValue> {
  const units: Unit[] = []
  let parts: Buffer[] = []
  let bytes = 0
  const isList = kindOf(code) === 'list'
  const steps = readCollection(code, feed, flavour, {
    *element(element) {
      parts.push(yield* element.copy())
    },
    // eslint-disable-next-line require-yield -- what is at hand needs no waiting
    *endUnit(expireAt) {
      const [first, second] = parts as [Buffer, Buffer | undefined]
      bytes += first.length + (second?.length ?? 0)
      const name = isList ? Buffer.from(String(units.length)) : first
      const rest = isList ? [first] : second === undefined ? [] : [isScored ? scoreText(second) : second]
      units.push({ name, parts: rest, expireAt: expireAt || -1 })
      parts = []
      if (bytes > heldBytes) throw new Enough()
    },
  })
  const cut = await untilEnough(() => run(steps))
  return { ...nothing, units, length: cut ? null : units.length, cut }
}

async function holdStream(version: 1 | 2 | 3, feed: ByteFeed): Promise<HeldValue> {
  const units: Unit[] = []
  const facts = new Map<string, string>()
  let bytes = 0
  let length: number | null = null
  /* eslint-disable require-yield -- what is at hand needs no waiting */
  const steps = walkStream(version, feed, {
    *entry(id, texts) {
      const parts = texts.map((text) => Buffer.from(text, 'latin1'))
      units.push({ name: Buffer.from(id), parts, expireAt: -1 })
      bytes += parts.reduce((sum, part) => sum + part.length, 0)
      if (bytes > heldBytes) throw new Enough()
    },
    *state(state) {
      length = Number(state.length)
      for (const [name, told] of stateFacts(state)) facts.set(name, told)
    },
    *group(name, group) {
      facts.set(groupName(escaped(name)), sayGroup(group))
    },
  })
  /* eslint-enable require-yield */
  const cut = await untilEnough(() => run(steps))
  return { ...nothing, units, facts, length, cut }
}

/** Under the names, and in the words, that XINFO has for them. */
function stateFacts({ lastId, maxDeletedId, entriesAdded }: DecodedState): readonly [string, string][] {
  return [
    ['last-generated-id', lastId],
    ...(maxDeletedId === undefined ? [] : [['max-deleted-entry-id', maxDeletedId] as [string, string]]),
    ...(entriesAdded === undefined ? [] : [['entries-added', String(entriesAdded)] as [string, string]]),
  ]
}

function sayGroup({ lastId, entriesRead, consumers, pending }: DecodedGroup): string {
  return [
    `last-delivered-id ${lastId}`,
    ...(entriesRead === undefined ? [] : [`entries-read ${entriesRead < 0n ? 'null' : entriesRead}`]),
    `consumers ${consumers.size}`,
    `pending ${pending.size}`,
  ].join(', ')
}

const nothing: HeldValue = { bytes: Buffer.alloc(0), units: [], facts: new Map(), length: null, cut: false }
