import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, nodeConnection, type Connection } from '#contract/connection.ts'
import type { ScanGap } from '#contract/sync.ts'
import { ClusterSource, isClusterNode } from './cluster-source.ts'
import { ScanWatch } from './scan-watch.ts'

export interface ScanSourceOptions {
  readonly connection: Connection
  /** Of its connections. */
  readonly name: string
  readonly onKey: (db: number, key: Buffer) => void
  readonly onGap: (why: ScanGap) => void
  /** A node has got slots that had none so far: whoever goes through all keys has to go there too. */
  readonly onNode: () => void
}

interface Watched {
  readonly watch: ScanWatch
  readonly stop: AbortController
  readonly ended: Promise<void>
}

const lookEveryMs = 2_000

/** Watches a source for changes to its keys: one server, or every master of a cluster, whichever those are at present. */
export class ScanSource {
  readonly #options: ScanSourceOptions
  readonly #cluster: ClusterSource | null
  readonly #watched = new Map<string, Watched>()
  #connection: Connection
  /** Who has which slots. */
  #slots = ''

  private constructor(options: ScanSourceOptions, cluster: ClusterSource | null) {
    this.#options = options
    this.#connection = options.connection
    this.#cluster = cluster
  }

  /** Asks the source what it is. Fails as `Link.open` does, and with `source.not-ready` where a slot has no owner. */
  static async open(options: ScanSourceOptions, signal: AbortSignal): Promise<ScanSource> {
    const { connection } = options
    if (!(await isClusterNode(connection, signal))) return new ScanSource(options, null)
    const cluster = new ClusterSource(connection, [])
    await cluster.look(signal)
    return new ScanSource(options, cluster)
  }

  /** What it is called. */
  get address(): string {
    return addressOf(this.#options.connection)
  }

  /** How it is reached at present: of a cluster, one of the masters that were there at the last look. */
  get connection(): Connection {
    const member = this.#cluster?.members.find((one) => this.#cluster!.slotsOf(one).length > 0)
    return member === undefined
      ? this.#connection
      : nodeConnection(this.#connection, member.host, member.port)
  }

  /** Every change there are events for is heard of. */
  get hears(): boolean {
    const watches = [...this.#watched.values()]
    return watches.length > 0 && watches.every(({ watch }) => watch.hears)
  }

  /** It is known that not every change is heard of. */
  get isDeaf(): boolean {
    return [...this.#watched.values()].some(({ watch }) => watch.isDeaf)
  }

  /** How many keys it holds; null where one server cannot be asked now. */
  async countKeys(): Promise<number | null> {
    const counts = await Promise.all([...this.#watched.values()].map(({ watch }) => watch.countKeys()))
    return counts.length === 0 || counts.includes(null)
      ? null
      : counts.reduce<number>((sum, keys) => sum + keys!, 0)
  }

  /** Is this one of its servers? */
  watches(address: string): boolean {
    return this.address === address || this.#watched.has(address)
  }

  /** What is signed in by from the next connection on. */
  useCredentials(use: (connection: Connection) => Connection): void {
    this.#connection = use(this.#connection)
    this.#cluster?.useCredentials(use)
  }

  /** Never rejects; ends with the signal. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#cluster === null) this.#watchOne('', () => this.#connection, signal)
    else this.#followSlots(this.#cluster, signal)
    while (!signal.aborted) {
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
      if (this.#cluster === null || signal.aborted) continue
      const found = await this.#cluster.look(signal).then(
        () => true,
        () => false,
      )
      if (found) this.#followSlots(this.#cluster, signal)
    }
    await Promise.all([...this.#watched.values()].map(({ ended }) => ended))
  }

  /** What the events tell is told by each master of its own slots: with every move another one has to be listened to. */
  #followSlots(cluster: ClusterSource, signal: AbortSignal): void {
    const { onGap, onNode } = this.#options
    const masters = cluster.members
      .map(({ host, port, ...member }) => ({ host, port, slots: cluster.slotsOf({ host, port, ...member }) }))
      .filter(({ slots }) => slots.length > 0)
    const places = new Map(masters.map(({ host, port }) => [`${host}:${port}`, { host, port }]))
    for (const [address, { stop }] of this.#watched)
      if (!places.has(address)) {
        stop.abort()
        this.#watched.delete(address)
      }
    const fresh = [...places].filter(([address]) => !this.#watched.has(address))
    for (const [address, { host, port }] of fresh)
      this.#watchOne(address, () => nodeConnection(this.#connection, host, port), signal)
    const isFirst = this.#slots === ''
    const slots = JSON.stringify(masters)
    const have = slots !== this.#slots
    this.#slots = slots
    if (isFirst) return
    if (have) onGap('slots-moved')
    if (fresh.length > 0) onNode()
  }

  #watchOne(address: string, connection: () => Connection, signal: AbortSignal): void {
    const { name, onKey, onGap } = this.#options
    const stop = new AbortController()
    const watch = new ScanWatch({ connection, name, onKey, onGap })
    this.#watched.set(address, { watch, stop, ended: watch.run(AbortSignal.any([signal, stop.signal])) })
  }
}
