import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, nodeConnection, type Connection } from '#contract/connection.ts'
import type { ScanGap } from '#contract/sync.ts'
import { mastersOf, readTopology } from '../redis/topology.ts'
import { Link } from '../resp/link.ts'
import { ScanWatch } from './scan-watch.ts'

export interface ScanSourceOptions {
  readonly connection: () => Connection
  readonly name: string
  readonly isCluster: boolean
  readonly onKey: (db: number, key: Buffer) => void
  readonly onGap: (why: ScanGap) => void
}

interface Watched {
  readonly watch: ScanWatch
  readonly stop: AbortController
  readonly ended: Promise<void>
}

const lookEveryMs = 2_000
const answerMs = 3_000

/** Watches a source for changes to its keys: one server, or every master of a cluster, whichever those are at present. */
export class ScanSource {
  readonly #options: ScanSourceOptions
  readonly #watched = new Map<string, Watched>()
  /** Who has which slots. */
  #slots = ''

  constructor(options: ScanSourceOptions) {
    this.#options = options
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

  /** All keys; null while one server cannot be asked. */
  get keys(): number | null {
    const counts = [...this.#watched.values()].map(({ watch }) => watch.keys)
    return counts.length === 0 || counts.includes(null)
      ? null
      : counts.reduce<number>((sum, keys) => sum + keys!, 0)
  }

  /** Is this one of its servers? */
  watches(address: string): boolean {
    return addressOf(this.#options.connection()) === address || this.#watched.has(address)
  }

  /** Never rejects; ends with the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { connection, isCluster } = this.#options
    if (!isCluster) this.#watchOne('', connection, signal)
    while (!signal.aborted) {
      if (isCluster) await this.#lookAtCluster(signal).catch(() => undefined)
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
    }
    await Promise.all([...this.#watched.values()].map(({ ended }) => ended))
  }

  /** What the events tell is told by each master of its own slots: with every move another one has to be listened to. */
  async #lookAtCluster(signal: AbortSignal): Promise<void> {
    const { connection, onGap } = this.#options
    using link = await Link.open(connection(), { signal, timeoutMs: answerMs, silenceMs: answerMs })
    const masters = mastersOf(await readTopology(link, connection())).filter(({ slots }) => slots.length > 0)
    const places = new Map(masters.map(({ host, port }) => [`${host}:${port}`, { host, port }]))
    for (const [address, { stop }] of this.#watched)
      if (!places.has(address)) {
        stop.abort()
        this.#watched.delete(address)
      }
    for (const [address, { host, port }] of places)
      if (!this.#watched.has(address))
        this.#watchOne(address, () => nodeConnection(connection(), host, port), signal)
    const slots = JSON.stringify(masters.map(({ id, slots: ranges }) => [id, ranges]).sort())
    if (this.#slots !== '' && slots !== this.#slots) onGap('slots-moved')
    this.#slots = slots
  }

  #watchOne(address: string, connection: () => Connection, signal: AbortSignal): void {
    const { name, onKey, onGap } = this.#options
    const stop = new AbortController()
    const watch = new ScanWatch({ connection, name, onKey, onGap })
    this.#watched.set(address, { watch, stop, ended: watch.run(AbortSignal.any([signal, stop.signal])) })
  }
}
