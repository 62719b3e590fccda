import { FailureError, makeFailure } from '#contract/failure.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import { nodeConnection } from '#contract/connection.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import type { Command } from '#engine/redis/transaction.ts'
import { atLeast } from '#engine/redis/version.ts'
import { writeConfigFile } from '../config-file.ts'
import { bytesOf, isOff, onlyOpensWith, restoreUser, userOf, type AclLine } from './acl.ts'
import { readAuthState, type AuthState } from './auth-state.ts'
import { carryOut } from './node-changes.ts'
import type { FreezeJournal, FreezeRecord, KeptFreeze, NodeRecord } from './record.ts'
import { tellSentinels } from './sentinels.ts'
import { signInAnyhow, type Place } from './sign-in.ts'

export interface UnfreezeRequest {
  readonly kept: KeptFreeze
  readonly journal: FreezeJournal
  readonly signal?: AbortSignal | undefined
  /** Called when the old password opens again, before our own user is taken away. */
  readonly onRestored?: (() => void) | undefined
}

export interface Unfrozen {
  /**
   * What somebody else changed while it was frozen, and what is therefore left as it is: a setting or a user, behind
   * the address of its server where the source has several.
   */
  readonly changedMeanwhile: readonly string[]
}

/**
 * Puts passwords and users back as the journal has them, byte for byte, and closes it: the primaries first, so that
 * replicas and Sentinels are let in with what they then go back to. Does only what is left to do, so it can be
 * repeated, also by another process after a crash at any point; what somebody else has changed meanwhile is told and
 * not overwritten. Rejects when a server cannot be reached or refuses; what can be put back is put back all the
 * same, and the journal stays open. What a person froze by hand is theirs to undo: that is only written down.
 */
export async function unfreezeWrites(request: UnfreezeRequest): Promise<Unfrozen> {
  const { kept, journal, signal, onRestored } = request
  const { record } = kept
  if (record.byHand) {
    journal.close(kept, 'undone')
    return { changedMeanwhile: [] }
  }
  const left = record.nodes.filter(({ forgotten }) => forgotten !== true)
  const failures: unknown[] = []
  const attempt = async <Outcome>(deed: () => Promise<Outcome>): Promise<Outcome | undefined> => {
    try {
      return await deed()
    } catch (thrown) {
      failures.push(thrown)
      return undefined
    }
  }
  let failedOver = record.failedOver === true
  const atEach = async (role: NodeRecord['role']): Promise<readonly string[]> => {
    const nodes = left.filter((node) => node.role === role)
    const opened = await Promise.all(
      nodes.map((node) => attempt(() => openUp(node, record, kept.taskId, signal))),
    )
    failedOver ||= opened.some((one) => one?.hasOtherRole === true)
    return opened.flatMap((one) => one?.changedMeanwhile ?? [])
  }
  const atPrimaries = await atEach('master')
  await attempt(() => tellSentinels(record, record.sentinelPass, signal))
  const changedMeanwhile = [...atPrimaries, ...(await atEach('replica'))]
  if (failures.length === 0) onRestored?.()
  await Promise.all(left.map((node) => attempt(() => removeOwnUser(node, record, signal))))
  if (failedOver && isWatched(record))
    await Promise.all(left.map((node) => attempt(() => writeDown(node, record, signal))))
  if (failures.length > 0) throw failures[0]
  journal.close(kept, changedMeanwhile.length === 0 ? 'undone' : 'undone-except')
  return { changedMeanwhile }
}

/**
 * Takes a server (or Sentinel) that is gone for ever out of what there is to undo, so that the rest can be undone and the
 * journal closed. Null where the freeze knows of none at this address. Nothing of a freeze outlives a restart: one that
 * does come back has its former password.
 */
export function forgetNode(kept: KeptFreeze, journal: FreezeJournal, address: string): KeptFreeze | null {
  const { nodes, sentinels } = kept.record
  const isMeant = (place: Place): boolean => hostAndPort(place) === address
  if (![...nodes, ...sentinels].some(isMeant)) return null
  return journal.amend(kept, {
    nodes: nodes.map((node) => (isMeant(node) ? { ...node, forgotten: true } : node)),
    sentinels: sentinels.filter((sentinel) => !isMeant(sentinel)),
  })
}

async function openUp(
  node: NodeRecord,
  record: FreezeRecord,
  taskId: string,
  signal: AbortSignal | undefined,
): Promise<Opened> {
  await using control = await signInAnyhow(record, { signal, name: `kf:${taskId}:unfreeze` }, node)
  const { changedMeanwhile, hasOtherRole } = await putBack(control, node, record)
  if (node.role === 'master' && atLeast(node.version, 6, 2)) await control.call('CLIENT', 'UNPAUSE')
  const namesItself = record.nodes.length === 1
  return {
    changedMeanwhile: changedMeanwhile.map((what) => (namesItself ? what : `${hostAndPort(node)} ${what}`)),
    hasOtherRole,
  }
}

interface Opened extends Unfrozen {
  readonly hasOtherRole: boolean
}

async function putBack(control: Control, node: NodeRecord, record: FreezeRecord): Promise<Opened> {
  const now = await readAuthState(control)
  const { commands, changedMeanwhile } = whatIsLeft(now, node, record)
  await carryOut(control, commands)
  if (node.acl === null && now.requirepass === record.secret && node.requirepass !== '')
    await control.call('AUTH', bytesOf(node.requirepass))
  const after = await readAuthState(control)
  if (whatIsLeft(after, node, record).commands.length > 0)
    throw new FailureError(makeFailure('freeze.changed-meanwhile', { address: control.address }))
  return { changedMeanwhile, hasOtherRole: now.role !== node.role }
}

/** The commands that lead from how a server stands to how it stood, and what is not ours to touch. */
export function whatIsLeft(
  now: Pick<AuthState, 'requirepass' | 'masterauth' | 'acl'>,
  node: NodeRecord,
  record: FreezeRecord,
): { commands: readonly Command[]; changedMeanwhile: readonly string[] } {
  const commands: Command[] = []
  const changedMeanwhile: string[] = []
  // `requirepass` first: on 6.0 and later it rewrites the passwords of `default`, which its own line then puts right.
  for (const name of ['requirepass', 'masterauth'] as const) {
    if (now[name] === node[name]) continue
    if (now[name] === record.secret) commands.push(['CONFIG', 'SET', name, bytesOf(node[name])])
    else changedMeanwhile.push(name)
  }
  const touchesDefault = now.requirepass === record.secret
  const standing = new Map((now.acl ?? []).map((line) => [userOf(line), line]))
  for (const before of node.acl ?? []) {
    const user = userOf(before)
    if (user === record.ownUser) continue
    const line = standing.get(user)
    const restores = user === 'default' && touchesDefault
    if (line === before && !restores) continue
    if (line !== undefined && (line === before || isOurs(line, node, record)))
      commands.push(restoreUser(before, node.version))
    else changedMeanwhile.push(user)
  }
  return { commands, changedMeanwhile }
}

/** Whether a user's line is what our freeze made of it. Where we crashed before reading it back, by its look. */
function isOurs(line: AclLine, { aclFrozen }: NodeRecord, { secret, staying }: FreezeRecord): boolean {
  if (aclFrozen !== null) return aclFrozen.includes(line)
  const user = userOf(line)
  return user === 'default' ? onlyOpensWith(line, secret) : isOff(line) || staying.includes(user)
}

/** Last, and from a connection that does not stand on it: deleting a user closes its connections. */
async function removeOwnUser(
  node: NodeRecord,
  record: FreezeRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (node.acl === null) return
  const { host, port } = node
  await using own = await signInAnyhow(record, { signal }, node)
  const old = await openControl(nodeConnection(record.connection, host, port), { signal }).catch(() => null)
  await using closing = old ?? own
  await closing.call('ACL', 'DELUSER', record.ownUser).catch((thrown: unknown) => {
    // The old user may not be allowed to; ours is, and is answered before its connections are closed.
    if (old === null) throw thrown
    return own.call('ACL', 'DELUSER', record.ownUser)
  })
}

/** Sentinels sign in at it: by its password, or as a user of their own. */
function isWatched({ connection, sentinels, staying }: FreezeRecord): boolean {
  return connection.sentinel !== undefined || sentinels.length > 0 || staying.length > 0
}

/** The password of the freeze may stand in its file, and our user with it. */
async function writeDown(
  { host, port }: NodeRecord,
  record: FreezeRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  await using control = await openControl(nodeConnection(record.connection, host, port), { signal })
  await writeConfigFile(control)
}
