import type { Connection } from '#contract/connection.ts'
import { keySlot } from '../bytes/crc16.ts'
import { redirectionOf } from '../redis/reply-errors.ts'
import { readTopology, slotsCovered } from '../redis/topology.ts'
import { ReplyError } from '../resp/decode.ts'
import { Link, type OpenOptions } from '../resp/link.ts'
import { ClusterLinks } from '../target/cluster-links.ts'
import { lookAtTarget, type TargetLook } from '../target/look.ts'
import { ClusterQuestions } from './cluster-questions.ts'
import { countAll, countTheirs } from './counts.ts'
import { DbLink, type Questioned } from './db-link.ts'

/** Batches compared at a time. */
const atOnce = 4
const scanCount = 1_000

/** Keys of one database of one of the target's servers. */
export interface ListedKeys {
  readonly db: number
  readonly keys: readonly Buffer[]
  /** Those of them that a node of a cluster holds without owning their slot. */
  readonly misplaced: readonly Buffer[]
  /** Where a side is several servers: those that more than one has, with the addresses of all that have them. */
  readonly shared: readonly { readonly key: Buffer; readonly servers: string }[]
}

/** One side of a comparison, a server or a cluster, with several ways to ask it at the same time. */
export interface OpenSide extends Disposable {
  readonly look: TargetLook
  readonly links: readonly Questioned[]
  /** Of a cluster: slots that have an owner; else null. */
  readonly slotsCovered: number | null
  /** Keys by database, ours not counted. */
  count(): Promise<ReadonlyMap<number, number>>
  /** All of them at once, ours among them. */
  size(): Promise<number>
  /** Every key, in batches. */
  keys(): AsyncGenerator<ListedKeys, void, void>
  /** Until disposed of, an aborted signal ends every connection. */
  endWith(signal: AbortSignal): Disposable
}

/** Connects, every connection by this name. Fails with `connect.*`, `tls.*`, `auth.*`, or `target.loading`. */
export async function openSide(
  target: Connection,
  signal: AbortSignal,
  name = 'keyferry:verify',
): Promise<OpenSide> {
  const options = { name, signal }
  const first = await Link.open(target, options)
  const opened: { close(): void }[] = [first]
  const close = (): void => {
    for (const one of opened) one.close()
  }
  try {
    const look = await lookAtTarget(first)
    const shape =
      look.mode === 'cluster'
        ? await openCluster(target, first, look, opened, options)
        : await openOne(target, first, look, opened, options)
    return {
      look,
      ...shape,
      endWith(ending) {
        ending.addEventListener('abort', close, { once: true })
        if (ending.aborted) close()
        return { [Symbol.dispose]: () => ending.removeEventListener('abort', close) }
      },
      [Symbol.dispose]: close,
    }
  } catch (thrown) {
    close()
    throw thrown
  }
}

type Shape = Pick<OpenSide, 'links' | 'slotsCovered' | 'count' | 'size' | 'keys'>

async function openOne(
  target: Connection,
  first: Link,
  look: TargetLook,
  opened: { close(): void }[],
  options: OpenOptions,
): Promise<Shape> {
  const walking = DbLink.over(first)
  const open = async (): Promise<DbLink> => {
    const link = await Link.open(target, options)
    opened.push(link)
    return DbLink.over(link, look.versionNumber)
  }
  const links = await allOf(Array.from({ length: atOnce }, open))
  return {
    links,
    slotsCovered: null,
    count: () => countTheirs(walking),
    size: async () => total(await countAll(walking)),
    async *keys() {
      for await (const batch of keysOf(walking, look)) yield { ...batch, misplaced: [], shared: [] }
    },
  }
}

async function openCluster(
  target: Connection,
  first: Link,
  { versionNumber }: TargetLook,
  opened: { close(): void }[],
  options: OpenOptions,
): Promise<Shape> {
  const topology = await readTopology(first, target)
  const open = async (): Promise<ClusterLinks> => {
    const links = await ClusterLinks.open(target, topology, options)
    opened.push(links)
    return links
  }
  const [walking, ...others] = await allOf(Array.from({ length: atOnce + 1 }, open))
  const links = others.map((some) => new ClusterQuestions(some, versionNumber))
  return {
    links,
    slotsCovered: slotsCovered(topology),
    async count() {
      const counts = await Promise.all(walking.links.map((link) => countTheirs(DbLink.over(link))))
      return new Map([[0, counts.reduce((sum, one) => sum + total(one), 0)]])
    },
    async size() {
      const counts = await Promise.all(walking.links.map((link) => countAll(DbLink.over(link))))
      return counts.reduce((sum, one) => sum + total(one), 0)
    },
    async *keys() {
      for (const [number, link] of walking.links.entries()) {
        const owned = new Uint8Array(16_384)
        for (const { from, to } of walking.masters[number]!.slots) owned.fill(1, from, to + 1)
        for await (const { db, keys } of keysOf(DbLink.over(link), await lookAtTarget(link))) {
          const strangers = keys.filter((key) => owned[keySlot(key)] === 0)
          const misplaced: Buffer[] = []
          for (const key of strangers) if (await isMisplaced(link, key)) misplaced.push(key)
          yield { db, keys, misplaced, shared: [] }
        }
      }
    },
  }
}

/** All of them, or why one could not be had; nothing is under way by then. */
async function allOf<T>(opening: readonly Promise<T>[]): Promise<[T, ...T[]]> {
  const settled = await Promise.allSettled(opening)
  const refused = settled.find((one) => one.status === 'rejected')
  if (refused !== undefined) throw refused.reason
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])) as [T, ...T[]]
}

function total(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((sum, keys) => sum + keys, 0)
}

/** The node itself says that the slot of a key it holds is another's. */
async function isMisplaced(link: Link, key: Buffer): Promise<boolean> {
  const reply = await link.call(['EXISTS', key])
  return reply instanceof ReplyError && redirectionOf(reply.text) !== null
}

async function* keysOf(
  link: DbLink,
  look: TargetLook,
): AsyncGenerator<{ readonly db: number; readonly keys: readonly Buffer[] }, void, void> {
  for (const db of (await countAll(link)).keys()) {
    if (look.versionNumber < 208) {
      // Before SCAN there is only this.
      yield { db, keys: (await link.ask(db, ['KEYS', '*'])) as readonly Buffer[] }
      continue
    }
    let cursor = '0'
    do {
      const [next, keys] = (await link.ask(db, ['SCAN', cursor, 'COUNT', scanCount])) as unknown as [
        Buffer,
        readonly Buffer[],
      ]
      cursor = next.toString()
      yield { db, keys }
    } while (cursor !== '0')
  }
}
