import { randomBytes } from 'node:crypto'
import { nodeConnection, type Connection } from '#contract/connection.ts'
import { FailureError, isOfTheLink, makeFailure } from '#contract/failure.ts'
import { parseClientList } from '#engine/redis/client-list.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { infoNumber, parseInfo } from '#engine/redis/info.ts'
import type { Command } from '#engine/redis/transaction.ts'
import { atLeast } from '#engine/redis/version.ts'
import { bytesOf, latin1Of, makeOwnUser } from './acl.ts'
import { isForeign } from './foreign.ts'
import { NodeControls } from './node-controls.ts'
import { carryOut, changesOf, killsByType, replicasMustSignIn, signOutOf } from './node-changes.ts'
import { proveShut } from './prove.ts'
import {
  freezeOf,
  type FreezeJournal,
  type FreezeRecord,
  type KeptFreeze,
  type NodeRecord,
} from './record.ts'
import { findSentinels, tellSentinels } from './sentinels.ts'
import { returnedTo } from './returned.ts'
import { frozenConnection, frozenNode, signInAnyhow } from './sign-in.ts'
import { signOutByList, untilSilent } from './sign-out.ts'
import { surveySource, type SurveyedNode } from './survey.ts'
import { unfreezeWrites } from './unfreeze.ts'

/**
 * How long the bridge holds writers at most while passwords change. Taken away once the freeze is proven: a
 * pause also stops expiry at the source, and its key count would then drift from the target's.
 */
export const pauseMs = 3_000

export interface FreezeRequest {
  readonly taskId: string
  readonly connection: Connection
  readonly journal: FreezeJournal
  /** The operator's own; else one is made. */
  readonly newPassword?: string | undefined
  readonly signal?: AbortSignal | undefined
  /**
   * Called when the way to sign in has changed, before anyone is signed out, so that our other connections
   * come back by themselves.
   */
  readonly onCredentials?: ((connection: Connection) => void) | undefined
}

/**
 * Stops all writes at a source by a change of password, provably and undoably: at a server that stands alone, one
 * with replicas and Sentinels, or every node of a cluster. Journal, our own user, then replicas and Sentinels, so
 * that replication goes on and nobody fails over; a pause as bridge, and on every primary one transaction that
 * changes the password, takes every user's writes away, signs everyone out and tells the exact offset of the last
 * write. Proven at every server before it returns.
 *
 * Can be called again for a source whose freeze is open: after a crash, a refusal or a breach. What was there
 * before is then taken from the journal, never from the server.
 */
export async function freezeWrites(request: FreezeRequest): Promise<KeptFreeze> {
  const { taskId, connection, journal, signal } = request
  const found = freezeOf(journal.open(taskId), connection)
  const open = found?.record.byHand ? undefined : found
  if (open === undefined && found !== undefined) journal.close(found, 'undone')
  const kept =
    open === undefined
      ? journal.write(taskId, await recordOf(request))
      : journal.amend(open, await seenAnew(open.record, request))
  try {
    return await perform(kept, request)
  } catch (thrown) {
    if (open === undefined && isRefusal(thrown)) await unfreezeWrites({ kept, journal, signal })
    throw thrown
  }
}

/** What is there before anything is changed; refuses what cannot be frozen safely. */
async function recordOf({ taskId, connection, newPassword, signal }: FreezeRequest): Promise<FreezeRecord> {
  const nodes = await surveySource(connection, {
    open: ({ host, port }) =>
      openControl(nodeConnection(connection, host, port), { signal, name: `kf:${taskId}:freeze` }),
  }).catch(notPermitted)
  return {
    connection,
    secret: latin1Of(newPassword ?? makeSecret()),
    ownUser: ownUserOf(taskId),
    nodes: nodes.map(nodeRecordOf),
    ...(await watchersOf(connection, nodes, signal)),
    frozenAt: null,
    signedOut: 0,
    pauseStartedAt: null,
  }
}

/** A password nobody has chosen. */
export function makeSecret(): string {
  return randomBytes(24).toString('base64url')
}

/** The user that a task makes for itself. */
export function ownUserOf(taskId: string): string {
  return `kf-${taskId}`
}

/** A server of a survey, as a record keeps it. */
export function nodeRecordOf({ host, port, state }: SurveyedNode): NodeRecord {
  const { role, version, runId, requirepass, masterauth, masteruser, acl } = state
  const before = { role, version, runId, requirepass, masterauth, masteruser, acl }
  return { host, port, ...before, aclFrozen: null, offset: null }
}

/** Whom a change of password would lock out, unless they are told of it or sign in by a user of their own. */
export async function watchersOf(
  connection: Connection,
  nodes: readonly SurveyedNode[],
  signal: AbortSignal | undefined,
): Promise<Pick<FreezeRecord, 'sentinels' | 'sentinelPass' | 'staying'>> {
  const { users, ...told } = await findSentinels(connection, nodes[0]!, signal)
  const replicating = nodes.map(({ state }) => state.masteruser).filter((user) => !/^(default)?$/.test(user))
  return { ...told, staying: [...new Set([...users, ...replicating])] }
}

/**
 * An open record brought up to date: after a failover roles are others, after a restart run ids, and a replica that
 * was added meanwhile is frozen too. What was there before stays as it was written down. Who is not among the others is
 * left out, and shut all the same where it is on its way back to them.
 */
async function seenAnew(record: FreezeRecord, { signal }: FreezeRequest): Promise<Partial<FreezeRecord>> {
  const seen = await surveySource(frozenConnection(record), {
    open: (node) => signInAnyhow(record, { signal }, node),
    known: record.nodes,
  })
  const known = seen.map((node) => {
    const before = record.nodes.find(({ host, port }) => host === node.host && port === node.port)
    const { role, runId, version } = node.state
    if (before === undefined) return nodeRecordOf(node)
    const { gone: _back, ...rest } = before
    return { ...rest, role, runId, version }
  })
  const gone = record.nodes.filter(
    (before) => !seen.some(({ host, port }) => host === before.host && port === before.port),
  )
  const hasFailedOver = known.some((node) =>
    record.nodes.some(
      ({ host, port, role }) => host === node.host && port === node.port && role !== node.role,
    ),
  )
  return {
    nodes: [...known, ...gone.map((node) => ({ ...node, gone: true }))],
    ...(hasFailedOver && { failedOver: true }),
  }
}

async function perform(kept: KeptFreeze, request: FreezeRequest): Promise<KeptFreeze> {
  const { record } = kept
  const { signal, journal, onCredentials } = request
  const name = `kf:${kept.taskId}:freeze`
  const present = record.nodes.filter(({ gone }) => gone !== true)
  const returned = await returnedTo(record, { signal, name })
  const nodes = [...present, ...returned]
  // A former primary that is back is to be a replica.
  const replicas = [...present.filter(({ role }) => role === 'replica'), ...returned]
  const primaries = present.filter(({ role }) => role === 'master')
  await using first = await NodeControls.open(nodes, (node) => signInAnyhow(record, { signal, name }, node))
  await first.each(nodes, async (control, node) => {
    if (node.acl === null) return
    const [command, ...args] = makeOwnUser(record.ownUser, record.secret, node.version)
    await control.call(command, ...args).catch(notPermitted)
  })
  onCredentials?.(frozenConnection(record))
  // Before 6.0 the new password does not open yet, and the connection that changes it stays in anyway.
  await using own = await NodeControls.open(
    nodes.filter(({ acl }) => acl !== null),
    (node) => openControl(frozenNode(record, node), { signal }),
  )
  const controls = first.preferring(own)

  await controls.each(replicas, (control, node) => change(control, node, record, name))
  await tellSentinels(record, record.secret, signal).catch(notPermitted)
  const pauseStartedAt = record.pauseStartedAt ?? Date.now()
  const pausing = primaries.filter(({ version }) => atLeast(version, 6, 2))
  await controls.each(pausing, (control) => control.call('CLIENT', 'PAUSE', pauseMs, 'WRITE'))
  const changed = await controls.each(primaries, (control, node) => change(control, node, record, name))
  const proven = await controls.each(nodes, (control, node) => proveShut(control, node, record))
  await controls.each(pausing, (control) => control.call('CLIENT', 'UNPAUSE'))
  return journal.amend(kept, {
    nodes: record.nodes.map((node) => {
      const state = proven.get(node)
      return {
        ...node,
        ...(state !== undefined && { runId: state.runId, slots: state.slots, aclFrozen: state.acl }),
        offset: changed.get(node)?.offset ?? null,
      }
    }),
    signedOut: record.signedOut + [...changed.values()].reduce((sum, one) => sum + one.signedOut, 0),
    frozenAt: Date.now(),
    pauseStartedAt,
  })
}

interface Changed {
  readonly offset: number | null
  /** Ours are signed out as well, and come back by themselves; they are not counted. */
  readonly signedOut: number
}

/** Shuts one server: its password, its users, and whoever is in, in one transaction where the server can. */
async function change(
  control: Control,
  node: NodeRecord,
  record: FreezeRecord,
  name: string,
): Promise<Changed> {
  const changes = changesOf(node, record).map(({ command }) => command)
  const offsetNow: Command = atLeast(node.version, 2, 6) ? ['INFO', 'replication'] : ['INFO']
  const commands = [['CLIENT', 'LIST'] as const, ...changes, ...signOutOf(node), offsetNow]
  const replies = await carryOut(control, commands).catch(notPermitted)
  let info = replies.at(-1)
  // Up to 5.0 whoever never had to sign in has to now, we too.
  if (node.acl === null) await control.call('AUTH', bytesOf(record.secret))
  if (!killsByType(node.version)) {
    await signOutByList(control, name, replicasMustSignIn(node)).catch(notPermitted)
    info = await control.call(...offsetNow)
    if (node.role === 'master' && !atLeast(node.version, 2, 8)) await untilSilent(control)
  }
  return {
    offset: infoNumber(parseInfo(String(info)), 'master_repl_offset'),
    signedOut: parseClientList(String(replies[0])).filter((client) => isForeign(client, record)).length,
  }
}

/** A server that will not let us do it is told as such; a lost link, or one that does not let us in, stays what it is. */
export function notPermitted(thrown: unknown): never {
  if (!isRefusal(thrown) || /^(freeze|auth)\.(?!no-permission)/.test(thrown.failure.code)) throw thrown
  const { address = '', command = '' } = thrown.failure.params
  throw new FailureError(
    makeFailure('freeze.not-permitted', { address, command, reason: thrown.failure.code }),
  )
}

/** Not a link that was lost, nor an end that was asked for: trying again would be refused again. */
export function isRefusal(thrown: unknown): thrown is FailureError {
  return (
    thrown instanceof FailureError &&
    !isOfTheLink(thrown.failure) &&
    !/^(tls|job|store)\./.test(thrown.failure.code)
  )
}
