import { addressOf, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { slotTag } from '../plan/slot-tags.ts'
import { probeCapabilities, probeModules, type Capabilities } from '../redis/capabilities.ts'
import { readTopology, type ClusterTopology } from '../redis/topology.ts'
import type { Reply } from '../resp/decode.ts'
import type { Argument } from '../resp/encode.ts'
import type { Link } from '../resp/link.ts'
import { assertWhole, ClusterDestination } from './cluster-destination.ts'
import { ClusterLinks } from './cluster-links.ts'
import type { Destination } from './destination.ts'
import { EachKeyFinder } from './each-key-finder.ts'
import type { TargetInquiry } from './inquiry.ts'
import {
  countKeys,
  libraryNames,
  lookAtTarget,
  lookSilenceMs,
  type KeyFinder,
  type TargetLook,
} from './look.ts'

/** The masters of a cluster, each asked over a connection of its own. */
export class ClusterInquiry implements TargetInquiry {
  readonly address: string
  readonly look: TargetLook
  readonly #connection: Connection
  readonly topology: ClusterTopology
  readonly #links: ClusterLinks
  readonly #endings: readonly Disposable[]

  private constructor(
    connection: Connection,
    topology: ClusterTopology,
    links: ClusterLinks,
    looks: readonly TargetLook[],
    signal: AbortSignal,
  ) {
    this.address = addressOf(connection)
    this.look = together(looks)
    this.#connection = connection
    this.topology = topology
    this.#links = links
    this.#endings = links.links.map((link) => link.endWith(signal))
  }

  /** Finds the masters by asking the node that `link` leads to. Fails with `target.cluster-down` where slots are bare. */
  static async open(connection: Connection, link: Link, signal: AbortSignal): Promise<ClusterInquiry> {
    const topology = await readTopology(link, connection)
    assertWhole(topology, link.address)
    const links = await ClusterLinks.open(connection, topology, {
      signal,
      silenceMs: lookSilenceMs,
      name: 'keyferry:look',
    })
    try {
      const looks = await Promise.all(links.links.map(lookAtTarget))
      return new ClusterInquiry(connection, topology, links, looks, signal)
    } catch (thrown) {
      links.close()
      throw thrown
    }
  }

  assertTakes(dbs: readonly number[]): Promise<void> {
    if (dbs.some((db) => db !== 0))
      fail('target.cluster-one-db', { address: this.address, dbs: dbs.join(', ') })
    return Promise.resolve()
  }

  async countKeys(): Promise<number> {
    const counts = await Promise.all(this.#links.links.map((link) => countKeys(link, [0])))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  findKeys(): KeyFinder {
    return new EachKeyFinder(async (key) => (await this.#links.ask(key, ['EXISTS', key])) === 1)
  }

  get links(): readonly Link[] {
    return this.#links.links
  }

  ask(key: Uint8Array, args: readonly Argument[]): Promise<Reply> {
    return this.#links.ask(key, args)
  }

  async libraryNames(): Promise<ReadonlySet<string>> {
    const names = await Promise.all(this.#links.links.map(libraryNames))
    return new Set(names.flatMap((some) => [...some]))
  }

  async capabilities(): Promise<Capabilities> {
    const all = await Promise.all(
      this.#withSlots().map(({ link, tag }) => probeCapabilities(link, { ...this.look, slotTag: tag })),
    )
    return all.reduce(inCommon)
  }

  async loadableModules(samples: ReadonlyMap<string, Buffer>): Promise<ReadonlySet<string>> {
    const all = await Promise.all(
      this.#withSlots().map(({ link, tag }) => probeModules(link, samples, { ...this.look, slotTag: tag })),
    )
    return all.reduce((one, other) => new Set([...one].filter((name) => other.has(name))))
  }

  destination(): Destination {
    return new ClusterDestination(this.#connection, this.topology)
  }

  [Symbol.dispose](): void {
    for (const ending of this.#endings) ending[Symbol.dispose]()
    this.#links.close()
  }

  /** The masters on which something can be tried, each with the tag of a slot it has. */
  #withSlots(): readonly { readonly link: Link; readonly tag: string }[] {
    const { links, masters } = this.#links
    return links.flatMap((link, number) => {
      const range = masters[number]!.slots.at(-1)
      return range === undefined ? [] : [{ link, tag: slotTag(range.to) }]
    })
  }
}

/** What holds for all: the oldest version, and the clock that is behind the others, so that no key is past its time too early. */
function together(looks: readonly TargetLook[]): TargetLook {
  const oldest = looks.reduce((one, other) => (other.versionNumber < one.versionNumber ? other : one))
  return { ...oldest, clockAheadMs: Math.min(...looks.map(({ clockAheadMs }) => clockAheadMs)) }
}

function inCommon(one: Capabilities, other: Capabilities): Capabilities {
  return {
    restoreTypes: one.restoreTypes.filter((code) => other.restoreTypes.includes(code)),
    replace: one.replace && other.replace,
    absoluteTtl: one.absoluteTtl && other.absoluteTtl,
    access: one.access && other.access,
    functions: one.functions && other.functions,
    streams: one.streams && other.streams,
    hashFieldExpiry: one.hashFieldExpiry && other.hashFieldExpiry,
    expiryMilliseconds: one.expiryMilliseconds && other.expiryMilliseconds,
    clientKillId: one.clientKillId && other.clientKillId,
    cluster: one.cluster && other.cluster,
  }
}
