import { addressOf, type Connection } from '#contract/connection.ts'
import type { Ledger } from '../flow/ledger.ts'
import type { NamedKey } from '../flow/refusals.ts'
import { Link, type OpenOptions } from '../resp/link.ts'
import type { DeadRun } from './dead-run.ts'
import type { Destination } from './destination.ts'
import { lookSilenceMs } from './look.ts'
import { tidyingMs } from './standalone-destination.ts'
import { StandaloneTarget } from './standalone.ts'
import type { Manners, TargetOptions } from './target.ts'

/**
 * Servers behind a proxy. Which of them were started anew while a connection was lost, nobody tells: everything is
 * written again then. Nor can old connections be ended: what they still carry is hoped to be gone.
 */
export class ProxyDestination implements Destination {
  readonly address: string
  readonly manners: Manners = { selects: false, manyKeys: false, renames: false }
  readonly servers = {}
  readonly #connection: Connection
  #opened = false

  constructor(connection: Connection) {
    this.address = addressOf(connection)
    this.#connection = connection
  }

  async open(options: TargetOptions, ledger: Ledger): Promise<StandaloneTarget> {
    const target = await StandaloneTarget.open(this.#connection, options)
    if (this.#opened) ledger.goBack(Infinity)
    this.#opened = true
    return target
  }

  takeUp(_dead: DeadRun, ledger: Ledger): Promise<boolean> {
    ledger.goBack(Infinity)
    return Promise.resolve(false)
  }

  remove({ key }: NamedKey): Promise<void> {
    return this.#delete(key, { silenceMs: lookSilenceMs })
  }

  leave({ key }: NamedKey): Promise<void> {
    return this.#delete(key, { timeoutMs: tidyingMs, silenceMs: tidyingMs })
  }

  async #delete(key: Uint8Array, options: OpenOptions): Promise<void> {
    using link = await Link.open(this.#connection, options)
    await link.ask(['DEL', key])
  }
}
