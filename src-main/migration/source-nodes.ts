import { nodeConnection, type Connection } from '#contract/connection.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { parseInfo } from '#engine/redis/info.ts'
import { identityOf, topologyThrough } from '#engine/redis/probe.ts'
import { mastersOf } from '#engine/redis/topology.ts'

/**
 * Each server that is followed of a source: those that are named, or all masters with slots of a cluster for any of its
 * nodes. Rejects where one that is named cannot be asked.
 */
export async function sourceNodes(
  sources: readonly Connection[],
  signal?: AbortSignal,
): Promise<readonly Connection[]> {
  const found = await Promise.all(
    sources.map(async (source) => {
      await using control = await openControl(source, { signal })
      const { mode } = identityOf(parseInfo(String(await control.call('INFO'))))
      return mode === 'cluster' ? await mastersThrough(control, source) : [source]
    }),
  )
  return found.flat()
}

/** The same of a cluster, asked of the node that a connection leads to. */
export async function mastersThrough(control: Control, node: Connection): Promise<readonly Connection[]> {
  return mastersOf(await topologyThrough(control, node.host))
    .filter(({ slots }) => slots.length > 0)
    .map(({ host, port }) => nodeConnection(node, host, port))
}
