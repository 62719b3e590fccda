import { addressOf, nodeConnection, type Connection } from '#contract/connection.ts'
import { toFailure } from '#contract/failure.ts'
import type { FreezePlan, FreezeStep } from '#contract/freeze.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import { hostOf, type ClientLine } from '#engine/redis/client-list.ts'
import { openControl } from '#engine/redis/control.ts'
import { infoNumber, type Info } from '#engine/redis/info.ts'
import { mayRun } from '#engine/redis/permission.ts'
import { atLeast } from '#engine/redis/version.ts'
import { userOf } from './acl.ts'
import { readInfo } from './auth-state.ts'
import { isForeign } from './foreign.ts'
import { nodeRecordOf, notPermitted, ownUserOf, pauseMs, watchersOf } from './freeze.ts'
import { changesOf, killsByType, signOutOf, type ChangedFor } from './node-changes.ts'
import type { FreezeRecord, NodeRecord } from './record.ts'
import { surveySource, type SurveyedNode } from './survey.ts'

/** What a freeze would do at this source now, and to whom. Changes nothing there. */
export async function planFreeze(
  taskId: string,
  connection: Connection,
  signal?: AbortSignal,
): Promise<FreezePlan> {
  const open = ({ host, port }: { host: string; port: number }): ReturnType<typeof openControl> =>
    openControl(nodeConnection(connection, host, port), { signal, name: `kf:${taskId}:plan` })
  const empty: FreezePlan = {
    address: addressOf(connection),
    nodes: [],
    steps: [],
    clients: [],
    clientCount: 0,
    users: [],
    writesPerSecond: null,
    readsPerSecond: null,
    refusal: null,
  }
  const nodes = await surveySource(connection, { open })
    .catch(notPermitted)
    .catch((thrown: unknown) => toFailure(thrown))
  if ('code' in nodes) return { ...empty, refusal: nodes }
  const watchers = await watchersOf(connection, nodes, signal).catch((thrown: unknown) => toFailure(thrown))
  const refusal = 'code' in watchers ? watchers : null
  const { sentinels, staying } = 'code' in watchers ? { sentinels: [], staying: [] } : watchers
  const ownUser = ownUserOf(taskId)
  const records = nodes.map(nodeRecordOf)
  const steps = stepsOf({ ownUser, secret: '', staying, nodes: records, sentinels })
  const foreign = nodes.flatMap(({ clients }) => clients.filter((client) => isForeign(client, { ownUser })))
  return {
    ...empty,
    nodes: [
      ...nodes.map((node) => ({ address: hostAndPort(node), role: node.state.role })),
      ...sentinels.map((one) => ({ address: hostAndPort(one), role: 'sentinel' as const })),
    ],
    steps: await Promise.all(steps.map((step) => allowedOf(step, records, open))),
    clients: grouped(foreign),
    clientCount: foreign.length,
    users: usersOf(records, staying),
    ...(await rates(nodes, open)),
    refusal,
  }
}

function usersOf(nodes: readonly NodeRecord[], staying: readonly string[]): readonly string[] {
  const users = new Set(nodes.flatMap(({ acl }) => acl ?? []).map(userOf))
  return [...users].filter((user) => user !== 'default' && !staying.includes(user))
}

/** The steps in the order they are taken: everything of ours first, then replicas, Sentinels, primaries. */
function stepsOf(record: ChangedFor & Pick<FreezeRecord, 'sentinels'>): readonly FreezeStep[] {
  const { nodes, ownUser, sentinels } = record
  const withUsers = nodes.filter(({ acl }) => acl !== null)
  const primaries = nodes.filter(({ role }) => role === 'master')
  return [
    ...nodes.map((node) =>
      step('record', node, [
        'CONFIG GET requirepass',
        ...(nodes.length > 1 ? ['CONFIG GET masterauth'] : []),
        ...(node.acl === null ? [] : ['ACL LIST']),
      ]),
    ),
    ...withUsers.map((node) =>
      step('own-user', node, [`ACL SETUSER ${ownUser} reset on >••••• ~* +@all`], [`ACL DELUSER ${ownUser}`]),
    ),
    ...nodes.filter(({ role }) => role === 'replica').flatMap((node) => shutting(node, record)),
    ...sentinels.map((sentinel) => {
      const command = `SENTINEL SET ${sentinel.master} auth-pass •••••`
      return step('tell-sentinel', sentinel, [command], [command])
    }),
    ...primaries
      .filter(({ version }) => atLeast(version, 6, 2))
      .map((node) => step('hold-writes', node, [`CLIENT PAUSE ${pauseMs} WRITE`], ['CLIENT UNPAUSE'])),
    ...primaries.flatMap((node) => shutting(node, record)),
  ]
}

function shutting(node: NodeRecord, record: ChangedFor): readonly FreezeStep[] {
  const changes = changesOf(node, record)
  const passwords = changes.filter(({ command }) => command[0] === 'CONFIG')
  const users = changes.filter(({ command }) => command[0] === 'ACL')
  const change = (kind: FreezeStep['kind'], some: typeof changes): readonly FreezeStep[] =>
    some.length === 0
      ? []
      : [
          step(
            kind,
            node,
            some.map(({ shown }) => shown),
            some.map(({ undo }) => undo),
          ),
        ]
  const signOut = killsByType(node.version)
    ? signOutOf(node).map((command) => command.join(' '))
    : ['CLIENT LIST', 'CLIENT KILL …']
  return [
    ...change('change-password', passwords),
    ...change('users-off', users),
    step('sign-out', node, signOut),
  ]
}

function step(
  kind: FreezeStep['kind'],
  place: { readonly host: string; readonly port: number },
  commands: readonly string[],
  undo: readonly string[] = [],
): FreezeStep {
  return { kind, address: hostAndPort(place), commands, undo, allowed: null }
}

/** Asks whether our account may do a step; unknown before 7.0, and at a Sentinel. */
async function allowedOf(
  one: FreezeStep,
  nodes: readonly NodeRecord[],
  open: (node: NodeRecord) => ReturnType<typeof openControl>,
): Promise<FreezeStep> {
  const node = nodes.find((candidate) => hostAndPort(candidate) === one.address)
  if (node === undefined || !atLeast(node.version, 7, 0)) return one
  await using control = await open(node)
  const answers = await Promise.all(one.commands.map((command) => mayRun(control, ...command.split(' '))))
  return { ...one, allowed: answers.includes(false) ? false : answers.includes(null) ? null : true }
}

function grouped(clients: readonly ClientLine[]): FreezePlan['clients'] {
  const groups = new Map<string, { name: string; host: string; count: number }>()
  for (const { name, address } of clients) {
    const key = JSON.stringify([name, hostOf(address)])
    const group = groups.get(key) ?? { name, host: hostOf(address), count: 0 }
    groups.set(key, { ...group, count: group.count + 1 })
  }
  return [...groups.values()].sort((one, other) => other.count - one.count)
}

/** Reads and writes a second at the primaries: a server counts all commands; hits and misses are reads. */
async function rates(
  nodes: readonly SurveyedNode[],
  open: (node: SurveyedNode) => ReturnType<typeof openControl>,
): Promise<Pick<FreezePlan, 'writesPerSecond' | 'readsPerSecond'>> {
  const primaries = nodes.filter(({ state }) => state.role === 'master')
  const readAll = (): Promise<readonly Info[]> =>
    Promise.all(
      primaries.map(async (node) => {
        await using control = await open(node)
        return await readInfo(control)
      }),
    )
  const before = await readAll()
  const startedAt = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 300))
  const after = await readAll()
  const seconds = (performance.now() - startedAt) / 1000
  const grown = (...names: string[]): number | null => {
    const sum = (infos: readonly Info[]): number | null => {
      const values = infos.flatMap((info) => names.map((name) => infoNumber(info, name)))
      return values.some((value) => value === null)
        ? null
        : values.reduce<number>((all, one) => all + one!, 0)
    }
    const [from, to] = [sum(before), sum(after)]
    return from === null || to === null ? null : Math.max(0, Math.round((to - from) / seconds))
  }
  const reads = grown('keyspace_hits', 'keyspace_misses')
  const all = grown('total_commands_processed')
  return {
    readsPerSecond: reads,
    writesPerSecond: all === null || reads === null ? null : Math.max(0, all - reads),
  }
}
