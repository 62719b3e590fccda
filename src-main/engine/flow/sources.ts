import { addressOf, nodeConnection, type Connection } from '#contract/connection.ts'
import { resolve } from '../redis/dial.ts'
import { parseInfo, type Info } from '../redis/info.ts'
import { identityOf } from '../redis/probe.ts'
import { mastersOf, readTopology } from '../redis/topology.ts'
import { ReplyError } from '../resp/decode.ts'
import { Link } from '../resp/link.ts'
import type { SourceKind } from '../source/pull-snapshot.ts'

/** A server to take a backup from. */
export interface FoundSource {
  readonly connection: Connection
  readonly kind: SourceKind
}

/** A connection for questions to a source. Fails as `Link.open` does. */
export function openQuestions(connection: Connection, signal: AbortSignal): Promise<Link> {
  return Link.open(connection, { signal, silenceMs: 30_000, name: 'keyferry:look' })
}

/** The servers themselves, or all masters of a cluster for any of its nodes. */
export async function findSources(
  sources: readonly Connection[],
  signal: AbortSignal,
): Promise<readonly FoundSource[]> {
  const found = await Promise.all(sources.map((source) => mastersBehind(source, signal)))
  return found.flat()
}

/** What a user may not ask is not known; most can be done without. */
async function readInfo(link: Link): Promise<Info> {
  const reply = await link.call(['INFO'])
  return parseInfo(reply instanceof ReplyError ? '' : String(reply))
}

/** `10.0.0.1-6379` */
export function fileNameOf(connection: Connection): string {
  return addressOf(connection)
    .replace(/[[\]]/g, '')
    .replace(/[^\w.]/g, '-')
}

/** Awaits all works, whatever happens; the first failure ends the others. */
export async function allOrNone<T>(
  works: readonly Promise<T>[],
  ending: AbortController,
): Promise<readonly T[]> {
  let first: unknown
  const results = await Promise.allSettled(
    works.map((work) =>
      work.catch((thrown: unknown) => {
        first ??= thrown
        ending.abort()
        throw thrown
      }),
    ),
  )
  if (first !== undefined) throw first
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

async function mastersBehind(source: Connection, signal: AbortSignal): Promise<readonly FoundSource[]> {
  const connection = await resolve(source, { signal })
  using link = await openQuestions(connection, signal)
  const { flavour, version, mode } = identityOf(await readInfo(link))
  const kind = { flavour, version }
  if (mode !== 'cluster') return [{ connection, kind }]
  const masters = mastersOf(await readTopology(link, connection)).filter(({ slots }) => slots.length > 0)
  return masters.map(({ host, port }) => ({ connection: nodeConnection(connection, host, port), kind }))
}
