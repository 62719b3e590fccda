import { addressOf, type Connection } from '#contract/connection.ts'
import type { Ledger } from '../flow/ledger.ts'
import type { NamedKey } from '../flow/refusals.ts'
import { resolve } from '../redis/dial.ts'
import { parseInfo } from '../redis/info.ts'
import { replicationOf } from '../redis/replication.ts'
import { ReplyError } from '../resp/decode.ts'
import { Link, type OpenOptions } from '../resp/link.ts'
import { endConnectionsOf, type DeadRun } from './dead-run.ts'
import type { Destination } from './destination.ts'
import { lookAtTarget, lookSilenceMs, type TargetLook } from './look.ts'
import { primaryMark, watchPrimary } from './primary-watch.ts'
import { ReplicationMarks } from './replication-marks.ts'
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

const lookOptions: OpenOptions = { silenceMs: lookSilenceMs, name: 'keyferry:look' }

/** One server without slots. */
export class StandaloneDestination implements Destination {
  readonly address: string
  readonly manners = standaloneManners
  readonly #connection: Connection
  /** Which start of the server was written to last; null where it does not tell. */
  #runId: string | null
  /** The server's own numbers of the connections that wrote last. */
  #clientIds: readonly (number | bigint)[] = []
  /** The server that was written to last: of several that Sentinels name, the one they named then. */
  #server: Connection | null = null
  readonly #marks = new ReplicationMarks()

  constructor(connection: Connection, look: TargetLook) {
    this.address = addressOf(connection)
    this.#connection = connection
    this.#runId = look.runId
  }

  async open(options: TargetOptions, ledger: Ledger): Promise<StandaloneTarget> {
    const { signal, name } = options
    // Sentinels are asked once: the connections of one attempt must not lead to two servers.
    const server = await resolve(this.#connection, { signal })
    const target = await StandaloneTarget.open(server, options)
    try {
      // Looked at once the connections stand: a server started anew after that is one that loses them.
      if (this.#server !== null) await this.#comeBack(server, this.#server, ledger, signal)
      if (this.#connection.sentinel !== undefined)
        target.endsWith(
          await watchPrimary(target, {
            connection: this.#connection,
            primary: server,
            name,
            marks: this.#marks,
            signal,
          }),
        )
      this.#server = server
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

  async #comeBack(
    server: Connection,
    before: Connection,
    ledger: Ledger,
    signal: AbortSignal,
  ): Promise<void> {
    using link = await Link.open(server, { ...lookOptions, signal })
    using _ending = link.endWith(signal)
    const { runId, appendOnly } = await lookAtTarget(link)
    if (runId !== null && runId === this.#runId) await endConnections(link, this.#clientIds)
    else if (addressOf(server) !== addressOf(before)) ledger.goBackTo(await this.#wholeAt(link))
    // Started anew: with an append-only file it has all but the last moments, else nobody knows what.
    else ledger.goBack(appendOnly ? appendOnlyLossMs : Infinity)
    this.#runId = runId
  }

  /**
   * When all that the former primary had answered for was in the copy that this server took its place with.
   * Replication is asynchronous: it may lack what its primary acknowledged last.
   */
  async #wholeAt(link: Link): Promise<number> {
    const info = await link.call(['INFO', 'replication'])
    const { earlier } = replicationOf(parseInfo(Buffer.isBuffer(info) ? info.toString() : ''))
    return earlier === null ? -Infinity : this.#marks.wholeAt(primaryMark, earlier)
  }

  #openLook(options: OpenOptions): Promise<Link> {
    return Link.open(this.#connection, { ...lookOptions, ...options })
  }
}

/** Ends connections by the server's own numbers of them. Those that have gone by themselves do not matter. */
export async function endConnections(link: Link, clientIds: readonly (number | bigint)[]): Promise<void> {
  for (const id of clientIds) await link.call(['CLIENT', 'KILL', 'ID', id])
}

/** UNLINK (4.0) does not keep the server, however large the value has grown. */
async function deleteKey(link: Link, key: Uint8Array): Promise<void> {
  if ((await link.call(['UNLINK', key])) instanceof ReplyError) await link.ask(['DEL', key])
}
