import { FailureError, isOfTheLink } from '#contract/failure.ts'
import type { ServerFacts } from '#contract/connection.ts'
import type { SyncSpec } from '#contract/sync.ts'
import type { Control } from '#engine/redis/control.ts'
import { mayQueue, mayRun } from '#engine/redis/permission.ts'
import { atLeast } from '#engine/redis/version.ts'
import { failed, onSide, passed, warning, type CheckContext, type Reached } from './context.ts'

type Asked = readonly [string, ...string[]]

/**
 * Stands for any key. Where a right can only be asked about by queuing the command in a transaction that is thrown
 * away, a proxy might carry it out after all: so every command is chosen to do nothing to a key that is not there.
 */
const key = 'keyferry:probe:rights'

const reading: readonly Asked[] = [['INFO'], ['SELECT', '0'], ['TYPE', key], ['DUMP', key], ['PTTL', key]]

const walking: readonly Asked[] = [['SCAN', '0'], ...reading]

const toFollow: readonly Asked[] = [['REPLCONF', 'capa', 'eof'], ...walking]

/** Before SCAN there is only this. */
const toFollowOld: readonly Asked[] = [['KEYS', key], ...reading]

const onTarget: readonly Asked[] = [
  ...walking,
  ['GET', key],
  ['SET', key, '', 'XX'],
  ['DEL', key],
  ['RESTORE', key, '0', ''],
  ['PEXPIREAT', key, '1'],
  ['LPUSHX', key, ''],
  ['SREM', key, ''],
  ['ZREM', key, ''],
  ['HDEL', key, ''],
  ['CLIENT', 'LIST'],
  ['CLIENT', 'KILL', 'ID', String(Number.MAX_SAFE_INTEGER)],
]

/** What a cluster is asked besides. */
const onCluster: readonly Asked[] = [
  ['CLUSTER', 'NODES'],
  ['CLUSTER', 'INFO'],
  ['WAIT', '0', '1'],
]

/** What freezing writes takes, in a form that changes nothing. Users are there from 6.0 on. */
const toFreeze = (version: string): readonly Asked[] => [
  ['CLIENT', 'LIST'],
  ['CLIENT', 'KILL', 'ID', String(Number.MAX_SAFE_INTEGER)],
  ...(atLeast(version, 6, 0)
    ? ([
        ['ACL', 'LIST'],
        ['ACL', 'SETUSER', 'default'],
      ] as const)
    : []),
]

async function missing(control: Control, commands: readonly Asked[]): Promise<readonly string[]> {
  const allowed = await Promise.all(
    commands.map(async (asked) => (await mayRun(control, ...asked)) ?? (await mayQueue(control, ...asked))),
  )
  return commands.filter((_, index) => !allowed[index]).map(nameOf)
}

/** As ACL rules name a command: `client|list`. */
function nameOf([command, first = '']: Asked): string {
  const name = command.toLowerCase()
  return name === 'client' || name === 'acl' || name === 'cluster' ? `${name}|${first.toLowerCase()}` : name
}

async function grant(control: Control, commands: readonly string[]): Promise<string | undefined> {
  try {
    const user = String(await control.call('ACL', 'WHOAMI'))
    return `ACL SETUSER ${user} ~* ${commands.map((name) => `+${name}`).join(' ')}`
  } catch (thrown) {
    if (thrown instanceof FailureError && !isOfTheLink(thrown.failure)) return undefined
    throw thrown
  }
}

const rightsOn =
  (commandsOf: (mode: SyncSpec['mode'], facts: ServerFacts) => readonly Asked[]) =>
  async ({ control, facts }: Reached, { mode }: CheckContext) => {
    const { address } = facts
    const commands = commandsOf(await mode, facts)
    const lacking = await missing(control, commands)
    if (lacking.length === 0) return passed('rights-enough', { address })
    const params = { address, commands: lacking.join(', ') }
    return failed('rights-missing', params, await grant(control, lacking))
  }

/** May our account read all there is, and hear of what is written? */
export const sourceRights = onSide(
  'source-rights',
  'source',
  rightsOn((mode, { version }) => {
    if (mode === 'scan') return walking
    return version === '' || atLeast(version, 2, 8) ? toFollow : toFollowOld
  }),
)

/** May it write, and keep a second run of the same task away? */
export const targetRights = onSide(
  'target-rights',
  'target',
  rightsOn((_mode, { mode }) => (mode === 'cluster' ? [...onTarget, ...onCluster] : onTarget)),
)

/** May writes be frozen at the cutover? Everything but that works without. */
export const sourceFreeze = onSide('source-freeze', 'source', async ({ control, facts }) => {
  const { address, version, role } = facts
  // Said by the check of its role: there is nothing to freeze on a replica.
  const lacking = role === 'replica' ? [] : await missing(control, toFreeze(version))
  if (lacking.length === 0) return passed('freeze-allowed', { address })
  const params = { address, commands: lacking.join(', ') }
  return warning('freeze-refused', params, await grant(control, lacking))
})
