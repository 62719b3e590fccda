import type { Connection } from '#contract/connection.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import type { ClusterTopology } from '../redis/topology.ts'
import type { Reply } from '../resp/decode.ts'
import type { Argument } from '../resp/encode.ts'
import { Link } from '../resp/link.ts'
import { ClusterInquiry } from './cluster-inquiry.ts'
import type { Destination } from './destination.ts'
import { lookAtTarget, lookSilenceMs, type KeyFinder, type TargetLook } from './look.ts'
import { ProxyInquiry } from './proxy-inquiry.ts'
import { StandaloneInquiry } from './standalone-inquiry.ts'

/** What is asked of a target before the first write, whatever its shape. Everything rejects when a link is lost. */
export interface TargetInquiry extends Disposable {
  /** For failures. */
  readonly address: string
  readonly look: TargetLook
  /** How a cluster looked when it was opened; null of everything else. */
  readonly topology: ClusterTopology | null
  /** A connection to each of its servers that takes writes. */
  readonly links: readonly Link[]
  /** Fails with `target.read-only`, `target.cluster-down`, or what names the databases that it does not have. */
  assertTakes(dbs: readonly number[]): Promise<void>
  /** Asks the server that has this key, in database 0. An error reply is thrown as a `FailureError`. */
  ask(key: Uint8Array, args: readonly Argument[]): Promise<Reply>
  /** How many keys these databases hold together; Infinity where that is not told. */
  countKeys(dbs: readonly number[]): Promise<number>
  findKeys(): KeyFinder
  /** Names of the function libraries it has (7.0). */
  libraryNames(): Promise<ReadonlySet<string>>
  /** What it takes; of several nodes, what all of them take. Writes for a moment. */
  capabilities(): Promise<Capabilities>
  /** Which of these values of module types it can load, by their names. Writes for a moment. */
  loadableModules(samples: ReadonlyMap<string, Buffer>): Promise<ReadonlySet<string>>
  /** Where to write, now that it is known what is there. */
  destination(): Destination
}

/** Opens a target for questions, and finds out what it is. Fails as `Link.open` and `lookAtTarget` do. */
export async function openInquiry(connection: Connection, signal: AbortSignal): Promise<TargetInquiry> {
  if (connection.proxy === true) return await ProxyInquiry.open(connection, signal)
  const link = await Link.open(connection, { signal, silenceMs: lookSilenceMs, name: 'keyferry:look' })
  try {
    const look = await lookAtTarget(link)
    if (look.mode === 'cluster') {
      using _asked = link
      return await ClusterInquiry.open(connection, link, signal)
    }
    return new StandaloneInquiry(connection, link, look, signal)
  } catch (thrown) {
    link.close()
    throw thrown
  }
}
