import type { Connection } from '#contract/connection.ts'
import { toFailure } from '#contract/failure.ts'
import type { FreezePlan, FreezeStep } from '#contract/freeze.ts'
import { hostOf, parseClientList, type ClientLine } from '#engine/redis/client-list.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { infoNumber } from '#engine/redis/info.ts'
import { mayRun } from '#engine/redis/permission.ts'
import { atLeast } from '#engine/redis/version.ts'
import { userOf } from './acl.ts'
import { readAuthState, type AuthState } from './auth-state.ts'
import { changes, pauseMs, refuseUnlessAlone } from './freeze.ts'

/** What a freeze would do at this source now, and to whom. Changes nothing there. */
export async function planFreeze(
  taskId: string,
  connection: Connection,
  signal?: AbortSignal,
): Promise<FreezePlan> {
  await using control = await openControl(connection, { signal, name: `kf:${taskId}:plan` })
  const state = await readAuthState(control).catch((thrown: unknown) => toFailure(thrown))
  if ('code' in state)
    return {
      address: control.address,
      steps: [],
      clients: [],
      clientCount: 0,
      users: [],
      writesPerSecond: null,
      readsPerSecond: null,
      refusal: state,
    }
  const refusal = await refuseUnlessAlone(
    control,
    state.role,
    state.info.get('cluster_enabled') === '1',
  ).then(
    () => null,
    (thrown: unknown) => toFailure(thrown),
  )
  const clients = parseClientList(String(await control.call('CLIENT', 'LIST').catch(() => '')))
  const foreign = clients.filter(({ flags, name }) => !flags.includes('S') && !name.startsWith('kf:'))
  return {
    address: control.address,
    steps: await dryRun(control, stepsOf(taskId, state)),
    clients: grouped(foreign),
    clientCount: foreign.length,
    users: (state.acl ?? []).map(userOf).filter((user) => user !== 'default'),
    ...(await rates(control, state)),
    refusal,
  }
}

function stepsOf(taskId: string, state: AuthState): readonly FreezeStep[] {
  const ownUser = state.acl === null ? null : `kf-${taskId}`
  const [password, ...users] = changes({ acl: state.acl, secret: '', version: state.version, ownUser })
  const step = (
    kind: FreezeStep['kind'],
    commands: readonly string[],
    undo: readonly string[],
  ): FreezeStep => ({
    kind,
    commands,
    undo,
    allowed: null,
  })
  return [
    step('record', ['CONFIG GET requirepass', ...(ownUser === null ? [] : ['ACL LIST'])], []),
    ...(ownUser === null
      ? []
      : [step('own-user', [`ACL SETUSER ${ownUser} reset on >••••• ~* +@all`], [`ACL DELUSER ${ownUser}`])]),
    ...(atLeast(state.version, 6, 2)
      ? [step('hold-writes', [`CLIENT PAUSE ${pauseMs} WRITE`], ['CLIENT UNPAUSE'])]
      : []),
    step('change-password', [password!.shown], [password!.undo]),
    ...(users.length === 0
      ? []
      : [
          step(
            'users-off',
            users.map(({ shown }) => shown),
            users.map(({ undo }) => undo),
          ),
        ]),
    step('sign-out', ['CLIENT KILL TYPE normal SKIPME yes', 'CLIENT KILL TYPE pubsub SKIPME yes'], []),
  ]
}

/** Asks whether our account may do each step; unknown before 7.0. */
async function dryRun(control: Control, steps: readonly FreezeStep[]): Promise<readonly FreezeStep[]> {
  return Promise.all(
    steps.map(async (step) => {
      const answers = await Promise.all(
        step.commands.map((command) => mayRun(control, ...command.split(' '))),
      )
      const allowed = answers.includes(false) ? false : answers.includes(null) ? null : true
      return { ...step, allowed }
    }),
  )
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

/** Reads and writes a second: the server counts all commands; hits and misses are reads. */
async function rates(
  control: Control,
  before: AuthState,
): Promise<Pick<FreezePlan, 'writesPerSecond' | 'readsPerSecond'>> {
  const startedAt = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 300))
  const after = await readAuthState(control)
  const seconds = (performance.now() - startedAt) / 1000
  const grown = (...names: string[]): number | null => {
    const sum = (state: AuthState): number | null => {
      const values = names.map((name) => infoNumber(state.info, name))
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
