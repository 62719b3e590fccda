import type { Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { probeCapabilities, probeModules, type Capabilities } from '../redis/capabilities.ts'
import type { Reply } from '../resp/decode.ts'
import type { Argument } from '../resp/encode.ts'
import type { Link } from '../resp/link.ts'
import type { Destination } from './destination.ts'
import type { TargetInquiry } from './inquiry.ts'
import {
  assertDatabases,
  ConflictFinder,
  countKeys,
  libraryNames,
  type KeyFinder,
  type TargetLook,
} from './look.ts'
import { StandaloneDestination } from './standalone-destination.ts'

/** One server without slots, asked over one connection. */
export class StandaloneInquiry implements TargetInquiry {
  readonly address: string
  readonly look: TargetLook
  readonly topology = null
  readonly #connection: Connection
  readonly #link: Link
  readonly #ending: Disposable

  /** Owns `link` from now on. */
  constructor(connection: Connection, link: Link, look: TargetLook, signal: AbortSignal) {
    this.address = link.address
    this.look = look
    this.#connection = connection
    this.#link = link
    this.#ending = link.endWith(signal)
  }

  async assertTakes(dbs: readonly number[]): Promise<void> {
    if (this.look.role === 'replica') fail('target.read-only', { address: this.address })
    await assertDatabases(this.#link, dbs)
  }

  countKeys(dbs: readonly number[]): Promise<number> {
    return countKeys(this.#link, dbs)
  }

  findKeys(): KeyFinder {
    return new ConflictFinder(this.#link, this.look)
  }

  get links(): readonly Link[] {
    return [this.#link]
  }

  async ask(_key: Uint8Array, args: readonly Argument[]): Promise<Reply> {
    await this.#link.ask(['SELECT', 0])
    return await this.#link.ask(args)
  }

  libraryNames(): Promise<ReadonlySet<string>> {
    return libraryNames(this.#link)
  }

  capabilities(): Promise<Capabilities> {
    return probeCapabilities(this.#link, this.look)
  }

  loadableModules(samples: ReadonlyMap<string, Buffer>): Promise<ReadonlySet<string>> {
    return probeModules(this.#link, samples, this.look)
  }

  destination(): Destination {
    return new StandaloneDestination(this.#connection, this.look)
  }

  [Symbol.dispose](): void {
    this.#ending[Symbol.dispose]()
    this.#link.close()
  }
}
