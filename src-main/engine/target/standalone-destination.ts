import { addressOf, type Connection } from '#contract/connection.ts'
import type { Ledger } from '../flow/ledger.ts'
import type { NamedKey } from '../flow/refusals.ts'
import { ReplyError } from '../resp/decode.ts'
import { Link, type OpenOptions } from '../resp/link.ts'
import { endConnectionsOf, type DeadRun } from './dead-run.ts'
import type { Destination } from './destination.ts'
import { lookAtTarget, lookSilenceMs, type TargetLook } from './look.ts'
import { StandaloneTarget } from './standalone.ts'
import type { Manners, TargetOptions } from './target.ts'

/**
 * What a server with an append-only file may lack after it was started anew: by `appendfsync everysec` two
 * seconds, by `no` what Linux keeps unwritten, half a minute.
 */
export const appendOnlyLossMs = 45_000
/** As long is tried to take what is unfinished from a target that the restore ends with. */
export const tidyingMs = 3_000

export const standaloneManners: Manners = { selects: true, manyKeys: true, renames: true }

/** One server without slots. */
export class StandaloneDestination implements Destination {
  readonly address: string
  readonly manners = standaloneManners
  readonly #connection: Connection
  /** Which start of the server was written to last; null where it does not tell. */
  #runId: string | null
  /** The server's own numbers of the connections that wrote last. */
  #clientIds: readonly (number | bigint)[] = []
  #opened = false

  constructor(connection: Connection, look: TargetLook) {
    this.address = addressOf(connection)
    this.#connection = connection
    this.#runId = look.runId
  }

  async open(options: TargetOptions, ledger: Ledger): Promise<StandaloneTarget> {
    const target = await StandaloneTarget.open(this.#connection, options)
    try {
      // Looked at once the connections stand: a server started anew after that is one that loses them.
      if (this.#opened) await this.#comeBack(ledger, options.signal)
      this.#opened = true
      this.#clientIds = target.clientIds
      return target
    } catch (thrown) {
      target.close()
      throw thrown
    }
  }

  get servers(): Readonly<Record<string, string>> {
    return this.#runId === null ? {} : { [this.address]: this.#runId }
  }

  async takeUp(dead: DeadRun, ledger: Ledger, signal: AbortSignal): Promise<boolean> {
    using link = await this.#openLook({ signal })
    using _ending = link.endWith(signal)
    const { runId, appendOnly } = await lookAtTarget(link)
    await endConnectionsOf(link, dead.name)
    this.#runId = runId
    const isSame = runId !== null && dead.servers[this.address] === runId
    if (!isSame) ledger.goBack(appendOnly ? appendOnlyLossMs : Infinity)
    return isSame
  }

  async remove({ db, key }: NamedKey): Promise<void> {
    using link = await this.#openLook({})
    await link.ask(['SELECT', db])
    await deleteKey(link, key)
  }

  async leave({ db, key }: NamedKey): Promise<void> {
    using link = await this.#openLook({ timeoutMs: tidyingMs, silenceMs: tidyingMs })
    await endConnections(link, this.#clientIds)
    await link.ask(['SELECT', db])
    await deleteKey(link, key)
  }

  async #comeBack(ledger: Ledger, signal: AbortSignal): Promise<void> {
    using link = await this.#openLook({ signal })
    using _ending = link.endWith(signal)
    const { runId, appendOnly } = await lookAtTarget(link)
    if (runId !== null && runId === this.#runId) await endConnections(link, this.#clientIds)
    // Started anew: with an append-only file it has all but the last moments, else nobody knows what.
    else ledger.goBack(appendOnly ? appendOnlyLossMs : Infinity)
    this.#runId = runId
  }

  #openLook(options: OpenOptions): Promise<Link> {
    return Link.open(this.#connection, { silenceMs: lookSilenceMs, name: 'keyferry:look', ...options })
  }
}

/** Ends connections by the server's own numbers of them. Those that have gone by themselves do not matter. */
export async function endConnections(link: Link, clientIds: readonly (number | bigint)[]): Promise<void> {
  for (const id of clientIds) await link.call(['CLIENT', 'KILL', 'ID', id])
}

/** UNLINK (4.0) does not keep the server, however large the value has grown. */
export async function deleteKey(link: Link, key: Uint8Array): Promise<void> {
  if ((await link.call(['UNLINK', key])) instanceof ReplyError) await link.ask(['DEL', key])
}
