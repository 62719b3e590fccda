import { nodeConnection, type Connection } from '#contract/connection.ts'
import { readTopology, type ClusterTopology } from '../redis/topology.ts'
import { Link } from '../resp/link.ts'

/** As long may a node take to tell how it sees the cluster, where others may tell instead. */
const viewTimeoutMs = 3_000
/** So many nodes are asked for it, masters first. */
const viewsAsked = 24

/**
 * Asks the node that a cluster was named by, and those known of it, how they see it, and gives the newest of what they
 * tell: one that was cut off may still believe in the old order of things. Fails as asking the named one does where
 * nobody answers.
 */
export async function newestTopology(
  connection: Connection,
  known: ClusterTopology | null,
  signal: AbortSignal,
): Promise<ClusterTopology> {
  const standing = known?.nodes.filter(({ failed }) => !failed) ?? []
  const masters = standing.filter(({ role }) => role === 'master')
  const replicas = standing.filter(({ role }) => role === 'replica')
  const places = [connection, ...[...masters, ...replicas].slice(0, viewsAsked)]
  const views = await Promise.allSettled(
    places.map(async ({ host, port }) => {
      using link = await Link.open(nodeConnection(connection, host, port), {
        name: 'keyferry:look',
        timeoutMs: viewTimeoutMs,
        silenceMs: viewTimeoutMs,
        signal,
      })
      return await readTopology(link, { host })
    }),
  )
  const told = views.flatMap((view) => (view.status === 'fulfilled' ? [view.value] : []))
  const newest = told.reduce<ClusterTopology | null>(
    (best, view) => (best === null || view.epoch > best.epoch ? view : best),
    null,
  )
  if (newest === null) throw (views[0] as PromiseRejectedResult).reason
  return newest
}
