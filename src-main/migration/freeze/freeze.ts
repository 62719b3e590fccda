import { randomBytes } from 'node:crypto'
import type { Connection } from '#contract/connection.ts'
import { fail, FailureError, makeFailure } from '#contract/failure.ts'
import { parseClientList } from '#engine/redis/client-list.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { infoNumber, parseInfo } from '#engine/redis/info.ts'
import { transaction, type Command } from '#engine/redis/transaction.ts'
import { atLeast } from '#engine/redis/version.ts'
import { bytesOf, isOff, latin1Of, makeOwnUser, onlyOpensWith, switchOffUser, userOf } from './acl.ts'
import { readAuthState, type AuthState } from './auth-state.ts'
import { isForeign } from './foreign.ts'
import type { FreezeJournal, FreezeRecord, KeptFreeze } from './record.ts'
import { frozenConnection, signInAnyhow } from './sign-in.ts'
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
 * Stops all writes at a standalone source by a change of password, provably and undoably: journal, our own
 * user, a pause as bridge, then one transaction that changes the password, takes every user's writes away,
 * signs everyone out and tells the exact offset of the last write. Proven before it returns.
 *
 * Can be called again for a task whose freeze is open: after a crash, a refusal or a breach. What was there
 * before is then taken from the journal, never from the server.
 */
export async function freezeWrites(request: FreezeRequest): Promise<KeptFreeze> {
  const { taskId, journal, signal } = request
  const open = journal.open(taskId)[0]
  const kept = open ?? journal.write(taskId, await recordOf(request))
  try {
    return await perform(kept, request)
  } catch (thrown) {
    if (open === undefined && isRefusal(thrown)) await unfreezeWrites({ kept, journal, signal })
    throw thrown
  }
}

/** What is there before anything is changed; refuses what this freeze cannot do safely. */
async function recordOf({ taskId, connection, newPassword, signal }: FreezeRequest): Promise<FreezeRecord> {
  await using control = await openControl(connection, { signal, name: `kf:${taskId}:freeze` })
  const before = await readAuthState(control).catch(notPermitted)
  await refuseUnlessAlone(control, before.role, before.info.get('cluster_enabled') === '1')
  const secret = latin1Of(newPassword ?? randomBytes(24).toString('base64url'))
  return {
    connection,
    version: before.version,
    runId: before.runId,
    requirepass: before.requirepass,
    acl: before.acl,
    secret,
    ownUser: before.acl === null ? null : `kf-${taskId}`,
    aclFrozen: null,
    offset: null,
    frozenAt: null,
    signedOut: 0,
    pauseStartedAt: null,
  }
}

/** Replicas and Sentinels would be locked out by a password they are not told. */
export async function refuseUnlessAlone(control: Control, role: string, cluster: boolean): Promise<void> {
  const { address } = control
  if (cluster) fail('freeze.not-standalone', { address, found: 'cluster' })
  if (role !== 'master') fail('freeze.not-standalone', { address, found: 'replica' })
  const clients = parseClientList(String(await control.call('CLIENT', 'LIST').catch(notPermitted)))
  if (clients.some(({ flags, name }) => flags.includes('S') && !name.startsWith('kf:')))
    fail('freeze.not-standalone', { address, found: 'replicas' })
  if (clients.some(({ name }) => /^sentinel-[0-9a-f]+-cmd$/.test(name)))
    fail('freeze.not-standalone', { address, found: 'sentinels' })
}

async function perform(kept: KeptFreeze, request: FreezeRequest): Promise<KeptFreeze> {
  const { record } = kept
  const { signal, journal, onCredentials } = request
  await using first = await signInAnyhow(record, { signal, name: `kf:${kept.taskId}:freeze` })
  if (record.ownUser !== null) {
    const [name, ...args] = makeOwnUser(record.ownUser, record.secret, record.version)
    await first.call(name, ...args).catch(notPermitted)
  }
  onCredentials?.(frozenConnection(record))
  // Before 6.0 the new password does not open yet, and the connection that changes it stays in anyway.
  await using own = record.ownUser === null ? null : await openControl(frozenConnection(record), { signal })
  const control = own ?? first

  const pauseStartedAt = record.pauseStartedAt ?? Date.now()
  if (atLeast(record.version, 6, 2)) await control.call('CLIENT', 'PAUSE', pauseMs, 'WRITE')
  const { offset, signedOut } = await changeEverything(control, record)
  const proven = await prove(control, record)
  if (atLeast(record.version, 6, 2)) await control.call('CLIENT', 'UNPAUSE')
  return journal.amend(kept, {
    // Another one where the source was restarted since the journal was begun, and is frozen again.
    runId: proven.runId,
    aclFrozen: proven.acl,
    offset,
    signedOut: record.signedOut + signedOut,
    frozenAt: Date.now(),
    pauseStartedAt,
  })
}

/** The one transaction. Everything before it can write; after it nobody can; it tells where that is. */
async function changeEverything(
  control: Control,
  record: FreezeRecord,
): Promise<{ offset: number; signedOut: number }> {
  const kills: Command[] = [
    ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'],
    ['CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes'],
  ]
  const commands = [
    ...changes(record).map(({ command }) => command),
    ['CLIENT', 'LIST'] as Command,
    ...kills,
    ['INFO', 'replication'] as Command,
  ]
  const replies = await transaction(control, commands).catch(notPermitted)
  const refused = replies.find((reply) => reply instanceof FailureError)
  if (refused !== undefined) notPermitted(refused)
  const [clients, , , info] = replies.slice(-4)
  // Ours are signed out as well, and come back by themselves.
  const foreign = parseClientList(String(clients)).filter((client) => isForeign(client, record))
  const offset = infoNumber(parseInfo(String(info)), 'master_repl_offset')
  return { offset: offset ?? 0, signedOut: foreign.length }
}

/** The commands that change who may write, with how they read when no secret may be seen. */
export function changes(
  record: Pick<FreezeRecord, 'acl' | 'secret' | 'version' | 'ownUser'>,
): readonly { command: Command; shown: string; undo: string }[] {
  const others = (record.acl ?? []).filter(
    (line) => userOf(line) !== 'default' && userOf(line) !== record.ownUser,
  )
  return [
    {
      command: ['CONFIG', 'SET', 'requirepass', bytesOf(record.secret)],
      shown: 'CONFIG SET requirepass •••••',
      undo: 'CONFIG SET requirepass •••••',
    },
    ...others.map((line) => {
      const command = switchOffUser(line, record.version)
      const [, , , ...rules] = command
      return {
        command,
        shown: `ACL SETUSER ${userOf(line)} ${rules.join(' ')}`,
        undo: `ACL SETUSER ${userOf(line)} …`,
      }
    }),
  ]
}

/**
 * Holds the freeze to its word: the old password opens nothing, the new one is the only one, every user but
 * ours is off, and nobody who was in is left. Returns how the server now stands.
 */
async function prove(control: Control, record: FreezeRecord): Promise<AuthState> {
  const { address } = control
  const notProven = (found: string): never => fail('freeze.not-proven', { address, found })
  if (await opens(record.connection)) notProven('old-password')
  // Who came in between the change and now has not signed in, and could not; sent away all the same.
  await control.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await control.call('CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes')
  const now = await readAuthState(control)
  if (now.requirepass !== record.secret) notProven('requirepass')
  for (const line of now.acl ?? []) {
    if (userOf(line) === record.ownUser) continue
    const shut = userOf(line) === 'default' ? onlyOpensWith(line, record.secret) || isOff(line) : isOff(line)
    if (!shut) notProven('user')
  }
  return now
}

/** Whether a connection with the old password can still do anything. */
async function opens(connection: Connection): Promise<boolean> {
  try {
    await using control = await openControl(connection)
    await control.call('PING')
    return true
  } catch (thrown) {
    if (thrown instanceof FailureError && thrown.failure.code.startsWith('auth.')) return false
    throw thrown
  }
}

/** A server that will not let us is told as such; a lost link stays what it is. */
function notPermitted(thrown: unknown): never {
  if (!isRefusal(thrown)) throw thrown
  const { address = '', command = '' } = thrown.failure.params
  throw new FailureError(
    makeFailure('freeze.not-permitted', { address, command, reason: thrown.failure.code }),
  )
}

function isRefusal(thrown: unknown): thrown is FailureError {
  return thrown instanceof FailureError && !/^(connect|tls|job|store)\./.test(thrown.failure.code)
}
