import { addressOf, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { probeBehindProxy, type Capabilities } from '../redis/capabilities.ts'
import type { Reply } from '../resp/decode.ts'
import type { Argument } from '../resp/encode.ts'
import { Link } from '../resp/link.ts'
import type { Destination } from './destination.ts'
import { EachKeyFinder } from './each-key-finder.ts'
import type { TargetInquiry } from './inquiry.ts'
import { lookSilenceMs, type KeyFinder, type TargetLook } from './look.ts'
import { ProxyDestination } from './proxy-destination.ts'

/** The servers are not seen: what is not known of them is taken for old, so that nothing later is said to them. */
const unseen: TargetLook = {
  flavour: 'unknown',
  version: '',
  versionNumber: 300,
  role: 'unknown',
  mode: 'unknown',
  runId: null,
  appendOnly: false,
  clockAheadMs: 0,
}

/** A proxy (twemproxy, Codis) that shares keys out among servers: asked with commands of one key only. */
export class ProxyInquiry implements TargetInquiry {
  readonly address: string
  readonly look = unseen
  readonly topology = null
  readonly #connection: Connection
  readonly #link: Link
  readonly #ending: Disposable

  private constructor(connection: Connection, link: Link, signal: AbortSignal) {
    this.address = addressOf(connection)
    this.#connection = connection
    this.#link = link
    this.#ending = link.endWith(signal)
  }

  /** Fails as `Link.open` does. */
  static async open(connection: Connection, signal: AbortSignal): Promise<ProxyInquiry> {
    const link = await Link.open(connection, { signal, silenceMs: lookSilenceMs })
    return new ProxyInquiry(connection, link, signal)
  }

  assertTakes(dbs: readonly number[]): Promise<void> {
    const other = dbs.find((db) => db !== 0)
    if (other !== undefined) fail('target.db-out-of-range', { address: this.address, db: other })
    return Promise.resolve()
  }

  countKeys(): Promise<number> {
    return Promise.resolve(Infinity)
  }

  findKeys(): KeyFinder {
    return new EachKeyFinder(async (key) => (await this.#link.ask(['EXISTS', key])) === 1)
  }

  get links(): readonly Link[] {
    return [this.#link]
  }

  ask(_key: Uint8Array, args: readonly Argument[]): Promise<Reply> {
    return this.#link.ask(args)
  }

  libraryNames(): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set<string>())
  }

  capabilities(): Promise<Capabilities> {
    return probeBehindProxy(this.#link)
  }

  /** None: a server of old, which may stand behind it, ends itself when it is tried. */
  loadableModules(): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set<string>())
  }

  destination(): Destination {
    return new ProxyDestination(this.#connection)
  }

  [Symbol.dispose](): void {
    this.#ending[Symbol.dispose]()
    this.#link.close()
  }
}
