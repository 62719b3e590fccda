import type { ClusterFacts, Connection, ServerFacts } from '#contract/connection.ts'
import { FailureError, isOfTheLink, toFailure } from '#contract/failure.ts'
import { hostAndPort, stopsOf } from '#contract/tunnel.ts'
import { openControl, type Argument, type Control, type Reply } from './control.ts'
import { infoNumber, keyspaceOf, parseInfo, type Info } from './info.ts'
import { countSlots, slotsCovered, topologyOf, type ClusterTopology } from './topology.ts'

/**
 * One look at a server. Rejects with `connect.*`, `tls.*`, `auth.*`; beyond signing in nothing is demanded:
 * what a proxy or a missing right keeps back is told as null or `unknown`.
 */
export async function probeServer(connection: Connection, signal?: AbortSignal): Promise<ServerFacts> {
  await using control = await openControl(connection, { signal })
  return await probeThrough(control, connection)
}

/** The same through a connection that is open already. */
export async function probeThrough(
  control: Control,
  { host, tls, via, sentinel }: Connection,
): Promise<ServerFacts> {
  const latencyMs = await roundTrip(control)
  const info = parseInfo(textOf(await ask(control, 'INFO')))
  const [databases, policy, appendOnly, modules] = await Promise.all([
    readSetting(control, 'databases'),
    readSetting(control, 'maxmemory-policy'),
    readSetting(control, 'appendonly'),
    readModules(control),
  ])
  const identity = identityOf(info)
  return {
    address: control.address,
    ...identity,
    runId: info.get('run_id') ?? null,
    usedMemory: infoNumber(info, 'used_memory'),
    maxMemory: infoNumber(info, 'maxmemory'),
    maxMemoryPolicy: info.get('maxmemory_policy') ?? policy,
    keysPerDb: keyspaceOf(info),
    databases: databases === null ? null : Number(databases),
    appendOnly: yesNo(appendOnly) ?? yesNo(info.get('aof_enabled') ?? null),
    modules,
    tls: tls !== undefined,
    via: stopsOf(via),
    sentinelName: sentinel?.master ?? null,
    cluster: identity.mode === 'cluster' ? await clusterOf(control, host) : null,
    latencyMs,
  }
}

/** Who answers: Valkey says `redis_version` too, for its clients' sake, and its own beside it. */
export function identityOf(info: Info): Pick<ServerFacts, 'flavour' | 'version' | 'role' | 'mode'> {
  const valkey = info.get('valkey_version')
  const redis = info.get('redis_version')
  const role = info.get('role')
  const mode = info.get('redis_mode') ?? info.get('server_mode')
  return {
    flavour: valkey !== undefined ? 'valkey' : redis !== undefined ? 'redis' : 'unknown',
    version: valkey ?? redis ?? '',
    role: role === 'master' ? 'master' : role === 'slave' || role === 'replica' ? 'replica' : 'unknown',
    mode:
      mode === 'standalone' || mode === 'sentinel' || mode === 'cluster'
        ? mode
        : redis !== undefined && info.get('cluster_enabled') !== '1'
          ? 'standalone' // 2.4 and 2.6 name no mode
          : 'unknown',
  }
}

/** A setting's value, or null where CONFIG is refused or does not know it. */
export async function readSetting(control: Control, name: string): Promise<string | null> {
  const reply = await ask(control, 'CONFIG', 'GET', name)
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : null
}

/** Milliseconds of one PING, the best of three: the first may pay for waking up. */
async function roundTrip(control: Control): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < 3; turn += 1) {
    const before = performance.now()
    await ask(control, 'PING')
    best = Math.min(best, performance.now() - before)
  }
  return Math.round(best * 100) / 100
}

async function clusterOf(control: Control, host: string): Promise<ClusterFacts | null> {
  const topology = await topologyThrough(control, host).catch((thrown: unknown) => {
    if (isOfTheLink(toFailure(thrown))) throw thrown
    return null
  })
  if (topology === null) return null
  return {
    ok: topology.ok,
    slotsCovered: slotsCovered(topology),
    nodes: topology.nodes.map((node) => ({
      address: hostAndPort(node),
      role: node.role,
      failed: node.failed,
      slots: countSlots(node),
    })),
  }
}

/** A cluster as the node sees it that a control connection leads to, which was asked at `host`. */
export async function topologyThrough(control: Control, host: string): Promise<ClusterTopology> {
  const [info, nodes, slots] = await Promise.all(
    ['INFO', 'NODES', 'SLOTS'].map((what) => control.call('CLUSTER', what)),
  )
  return topologyOf({ info: String(info), nodes: String(nodes), slots }, host)
}

/** MODULE LIST is known from 4.0. */
async function readModules(control: Control): Promise<readonly string[]> {
  const listed = await ask(control, 'MODULE', 'LIST')
  if (!Array.isArray(listed)) return []
  return listed.flatMap((entry) => {
    const name: Reply | undefined = Array.isArray(entry) ? entry[entry.indexOf('name') + 1] : undefined
    return typeof name === 'string' ? [name] : []
  })
}

/** A question that may be refused: null then. A lost link is no refusal. */
async function ask(control: Control, command: string, ...args: Argument[]): Promise<Reply> {
  try {
    return await control.call(command, ...args)
  } catch (thrown) {
    if (thrown instanceof FailureError && !isOfTheLink(thrown.failure)) return null
    throw thrown
  }
}

function yesNo(value: string | null): boolean | null {
  return value === null ? null : value === 'yes' || value === '1'
}

function textOf(reply: Reply): string {
  return typeof reply === 'string' ? reply : ''
}
