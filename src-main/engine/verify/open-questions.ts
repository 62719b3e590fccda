import type { Connection } from '#contract/connection.ts'
import { readTopology } from '../redis/topology.ts'
import { Link } from '../resp/link.ts'
import { ClusterLinks } from '../target/cluster-links.ts'
import { lookAtTarget } from '../target/look.ts'
import { ClusterQuestions } from './cluster-questions.ts'
import { DbLink, type Questioned } from './db-link.ts'

/** Opens a server, or all masters of a cluster, for questions, by connections of this name. Fails as `Link.open` does. */
export async function openQuestions(
  connection: Connection,
  name: string,
  signal: AbortSignal,
): Promise<Questioned & Disposable> {
  const link = await Link.open(connection, { name, signal })
  try {
    const { mode, versionNumber } = await lookAtTarget(link)
    if (mode !== 'cluster') return DbLink.over(link, versionNumber)
    using _asked = link
    const links = await ClusterLinks.open(connection, await readTopology(link, connection), { name, signal })
    return new ClusterQuestions(links, versionNumber)
  } catch (thrown) {
    link.close()
    throw thrown
  }
}
