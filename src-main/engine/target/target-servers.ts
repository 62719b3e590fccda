import { nodeConnection, type Connection } from '#contract/connection.ts'
import { mastersOf, readTopology } from '../redis/topology.ts'
import { Link } from '../resp/link.ts'
import { lookAtTarget, lookSilenceMs } from './look.ts'

/** The servers of a target that take its keys: itself, or all masters of its cluster. Fails as `Link.open` does. */
export async function targetServers(
  connection: Connection,
  signal?: AbortSignal,
): Promise<readonly Connection[]> {
  using link = await Link.open(connection, { signal, silenceMs: lookSilenceMs, name: 'keyferry:look' })
  const { mode } = await lookAtTarget(link)
  if (mode !== 'cluster') return [connection]
  return mastersOf(await readTopology(link, connection)).map(({ host, port }) =>
    nodeConnection(connection, host, port),
  )
}
