import type { Connection } from '#contract/connection.ts'
import type { VerifySpec } from '#contract/verify.ts'
import { keySlot } from '../bytes/crc16.ts'
import { redirectionOf } from '../redis/reply-errors.ts'
import { readTopology, slotsCovered } from '../redis/topology.ts'
import { ReplyError } from '../resp/decode.ts'
import { Link } from '../resp/link.ts'
import { ClusterLinks } from '../target/cluster-links.ts'
import { lookAtTarget, type TargetLook } from '../target/look.ts'
import { ClusterQuestions } from './cluster-questions.ts'
import { countTheirs } from './counts.ts'
import { DbLink, type Questioned } from './db-link.ts'
import type { TargetSide } from './target-side.ts'

/** Batches compared at a time. */
const atOnce = 4
const scanCount = 1_000
const linkOptions = { name: 'keyferry:verify' }

/** Keys of one database of one of the target's servers. */
export interface ListedKeys {
  readonly db: number
  readonly keys: readonly Buffer[]
  /** Those of them that a node of a cluster holds without owning their slot. */
  readonly misplaced: readonly Buffer[]
}

/** The target of a comparison with a backup, with several ways to ask it at the same time. */
export interface OpenTarget extends Disposable {
  readonly look: TargetLook
  readonly sides: readonly TargetSide[]
  /** Of a cluster: slots that have an owner; else null. */
  readonly slotsCovered: number | null
  /** Keys by database, ours not counted. */
  count(): Promise<ReadonlyMap<number, number>>
  /** Every key, in batches. */
  keys(): AsyncGenerator<ListedKeys, void, void>
  /** Until disposed of, an aborted signal ends every connection. */
  endWith(signal: AbortSignal): Disposable
}

/** Connects. Fails with `connect.*`, `tls.*`, `auth.*`, or `target.loading`. */
export async function openTarget(
  { target, expiryToleranceMs }: Pick<VerifySpec, 'target' | 'expiryToleranceMs'>,
  signal: AbortSignal,
): Promise<OpenTarget> {
  const first = await Link.open(target, { ...linkOptions, signal })
  const opened: { close(): void }[] = [first]
  const close = (): void => {
    for (const one of opened) one.close()
  }
  try {
    const look = await lookAtTarget(first)
    const shape =
      look.mode === 'cluster'
        ? await openCluster(target, first, opened, signal)
        : await openOne(target, first, look, opened, signal)
    return {
      look,
      ...shape,
      sides: shape.links.map((link) => ({ link, look, expiryToleranceMs })),
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

interface Shape extends Pick<OpenTarget, 'slotsCovered' | 'count' | 'keys'> {
  readonly links: readonly Questioned[]
}

async function openOne(
  target: Connection,
  first: Link,
  look: TargetLook,
  opened: { close(): void }[],
  signal: AbortSignal,
): Promise<Shape> {
  const walking = DbLink.over(first)
  const links: DbLink[] = []
  for (let number = 0; number < atOnce; number += 1) {
    const link = await Link.open(target, { ...linkOptions, signal })
    opened.push(link)
    links.push(DbLink.over(link))
  }
  return {
    links,
    slotsCovered: null,
    count: () => countTheirs(walking),
    async *keys() {
      for await (const batch of keysOf(walking, look)) yield { ...batch, misplaced: [] }
    },
  }
}

async function openCluster(
  target: Connection,
  first: Link,
  opened: { close(): void }[],
  signal: AbortSignal,
): Promise<Shape> {
  const topology = await readTopology(first, target)
  const open = async (): Promise<ClusterLinks> => {
    const links = await ClusterLinks.open(target, topology, { ...linkOptions, signal })
    opened.push(links)
    return links
  }
  const walking = await open()
  const links: ClusterQuestions[] = []
  for (let number = 0; number < atOnce; number += 1) links.push(new ClusterQuestions(await open()))
  return {
    links,
    slotsCovered: slotsCovered(topology),
    async count() {
      const counts = await Promise.all(walking.links.map((link) => countTheirs(DbLink.over(link))))
      return new Map([[0, counts.reduce((sum, one) => sum + (one.get(0) ?? 0), 0)]])
    },
    async *keys() {
      for (const [number, link] of walking.links.entries()) {
        const owned = new Uint8Array(16_384)
        for (const { from, to } of walking.masters[number]!.slots) owned.fill(1, from, to + 1)
        for await (const { db, keys } of keysOf(DbLink.over(link), await lookAtTarget(link))) {
          const strangers = keys.filter((key) => owned[keySlot(key)] === 0)
          const misplaced: Buffer[] = []
          for (const key of strangers) if (await isMisplaced(link, key)) misplaced.push(key)
          yield { db, keys, misplaced }
        }
      }
    },
  }
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
  for (const db of (await countTheirs(link)).keys()) {
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
