import type { Connection } from '#contract/connection.ts'
import { fail, FailureError, isOfTheLink, makeFailure, toFailure } from '#contract/failure.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import { parseClientList, type ClientLine } from '#engine/redis/client-list.ts'
import type { Control } from '#engine/redis/control.ts'
import { resolve } from '#engine/redis/dial.ts'
import { topologyThrough } from '#engine/redis/probe.ts'
import { replicaPlaces } from '#engine/redis/replication.ts'
import { atLeast } from '#engine/redis/version.ts'
import { readAuthState, type AuthState } from './auth-state.ts'
import { isOwnName } from './foreign.ts'
import type { Place } from './sign-in.ts'

/** One server of the source as it stands. */
export interface SurveyedNode extends Place {
  readonly state: AuthState & { readonly role: 'master' | 'replica' }
  readonly clients: readonly ClientLine[]
}

/** So many replicas may follow each other. */
const longestChain = 16

/** Opens a server of the source; whoever surveys closes it. */
export type OpenNode = (node: Place) => Promise<Control>

export interface SurveyOptions {
  readonly open: OpenNode
  /** Servers that may be down, if they have no slots any more: what has to be undone there is known. */
  readonly known?: readonly Place[]
}

/**
 * Every server of the source, primaries first: the one a connection means with its replicas and theirs, or all of its
 * cluster. A freeze has to reach each of them, so it rejects when one cannot be reached, or when a slot is on its way
 * from one to another. A replica stands for the primary it follows.
 */
export async function surveySource(
  connection: Connection,
  options: SurveyOptions,
): Promise<readonly SurveyedNode[]> {
  const { open } = options
  const place = await entryTo(connection, options)
  await using entry = await open(place)
  const seen = await look(entry, place)
  const nodes =
    seen.state.info.get('cluster_enabled') === '1'
      ? await surveyCluster(entry, seen, options)
      : await surveyTree(await upToPrimary(seen, open), open)
  return [...nodes].sort((one, other) => order(one) - order(other))
}

function order({ state }: SurveyedNode): number {
  return state.role === 'master' ? 0 : 1
}

/** The server a connection means, or, where that does not answer, one that is known to belong to it. */
async function entryTo(connection: Connection, { open, known = [] }: SurveyOptions): Promise<Place> {
  let lost: unknown
  for (const place of [null, ...known]) {
    try {
      const { host, port } = place ?? (await resolve(connection))
      const control = await open({ host, port })
      control.close()
      return { host, port }
    } catch (thrown) {
      const failure = toFailure(thrown)
      // One that was started anew lets in with its old password only: others tell more of a frozen source.
      if (!isOfTheLink(failure) && !(known.length > 0 && failure.code.startsWith('auth.'))) throw thrown
      lost ??= thrown
    }
  }
  throw lost
}

/** From a replica to the primary it follows, over others in between. Their offsets are one from 4.0 on. */
async function upToPrimary(seen: SurveyedNode, open: OpenNode): Promise<SurveyedNode> {
  let node = seen
  for (let step = 0; node.state.role === 'replica'; step += 1) {
    const { info, version } = node.state
    const place = { host: info.get('master_host') ?? '', port: Number(info.get('master_port')) }
    if (step === longestChain || !atLeast(version, 4, 0))
      fail('freeze.not-primary', { address: hostAndPort(node) })
    const address = hostAndPort(place)
    await using control = await open(place).catch((thrown: unknown) => unreachable(thrown, address))
    node = await look(control, place)
  }
  return node
}

async function look(control: Control, { host, port }: Place): Promise<SurveyedNode> {
  const state = await readAuthState(control)
  const { role } = state
  if (role === 'unknown') return fail('freeze.not-primary', { address: control.address })
  const clients = parseClientList(String(await control.call('CLIENT', 'LIST')))
  return { host, port, state: { ...state, role }, clients }
}

async function surveyCluster(
  entry: Control,
  seen: SurveyedNode,
  { open, known = [] }: SurveyOptions,
): Promise<readonly SurveyedNode[]> {
  const isKnown = (node: Place): boolean =>
    known.some(({ host, port }) => host === node.host && port === node.port)
  const { nodes } = await topologyThrough(entry, seen.host)
  const members = nodes.filter((node) => !node.failed || node.slots.length > 0 || !isKnown(node))
  return await Promise.all(
    members.map(async ({ host, port, failed }) => {
      const address = hostAndPort({ host, port })
      if (failed) fail('freeze.node-unreachable', { address })
      await using control = await open({ host, port }).catch((thrown: unknown) =>
        unreachable(thrown, address),
      )
      // A node tells of its own slots only whether they are on their way.
      if (/\[\d+-[<>]-/.test(String(await control.call('CLUSTER', 'NODES'))))
        fail('freeze.slot-moving', { address })
      return await look(control, { host, port })
    }),
  )
}

async function surveyTree(seen: SurveyedNode, open: OpenNode): Promise<readonly SurveyedNode[]> {
  const nodes: SurveyedNode[] = []
  const pending = [seen]
  for (let node = pending.shift(); node !== undefined; node = pending.shift()) {
    if (nodes.some((known) => known.host === node.host && known.port === node.port)) continue
    nodes.push(node)
    pending.push(...(await replicasOf(node, open)))
  }
  return nodes
}

/**
 * The replicas of a server. Our own links are told among them, with a port that nobody listens at; but CLIENT LIST
 * names ours, so it is known how many have to be found.
 */
async function replicasOf(node: SurveyedNode, open: OpenNode): Promise<readonly SurveyedNode[]> {
  const links = node.clients.filter(({ flags }) => flags.includes('S'))
  const ours = new Set(links.filter(({ name }) => isOwnName(name)).map(({ address }) => address))
  const expected = links.length - ours.size
  if (expected === 0) return []
  const told = replicaPlaces(node.state.info).filter(
    (place) => place.port > 0 && !ours.has(hostAndPort(place)),
  )
  const outcomes = await Promise.all(
    told.map(async (place) => {
      try {
        await using control = await open(place)
        return await look(control, place)
      } catch (thrown) {
        const failure = toFailure(thrown)
        if (!isOfTheLink(failure)) throw thrown
        return { ...place, failure }
      }
    }),
  )
  const found = outcomes.filter((one) => 'state' in one)
  if (found.length >= expected) return found
  const missing = outcomes.find((one) => 'failure' in one)
  return unreachable(
    missing && new FailureError(missing.failure),
    missing === undefined ? `${hostAndPort(node)} → ?` : hostAndPort(missing),
  )
}

function unreachable(thrown: unknown, address: string): never {
  const failure = thrown === undefined ? undefined : toFailure(thrown)
  if (failure !== undefined && !isOfTheLink(failure)) throw thrown
  throw new FailureError(makeFailure('freeze.node-unreachable', { address }, failure?.code))
}
