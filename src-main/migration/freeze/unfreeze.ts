import { FailureError, makeFailure } from '#contract/failure.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { transaction, type Command } from '#engine/redis/transaction.ts'
import { atLeast } from '#engine/redis/version.ts'
import { bytesOf, isOff, onlyOpensWith, restoreUser, userOf, type AclLine } from './acl.ts'
import { readAuthState, type AuthState } from './auth-state.ts'
import type { FreezeJournal, FreezeRecord, KeptFreeze } from './record.ts'
import { signInAnyhow } from './sign-in.ts'

export interface UnfreezeRequest {
  readonly kept: KeptFreeze
  readonly journal: FreezeJournal
  readonly signal?: AbortSignal | undefined
  /** Called when the old password opens again, before our own user is taken away. */
  readonly onRestored?: (() => void) | undefined
}

export interface Unfrozen {
  /** What somebody else changed while it was frozen, and what is therefore left as it is: `requirepass` or users. */
  readonly changedMeanwhile: readonly string[]
}

/**
 * Puts password and users back as the journal has them, byte for byte, and closes it. Does only what is left
 * to do, so it can be repeated, also by another process after a crash at any point; what somebody else has
 * changed meanwhile is told and not overwritten. Rejects when the server cannot be reached or refuses; the
 * journal then stays open.
 */
export async function unfreezeWrites(request: UnfreezeRequest): Promise<Unfrozen> {
  const { kept, journal, signal, onRestored } = request
  const { record } = kept
  await using control = await signInAnyhow(record, { signal, name: `kf:${kept.taskId}:unfreeze` })
  const changedMeanwhile = await putBack(control, record)
  if (atLeast(record.version, 6, 2)) await control.call('CLIENT', 'UNPAUSE')
  onRestored?.()
  await removeOwnUser(control, record, signal)
  journal.close(kept, changedMeanwhile.length === 0 ? 'undone' : 'undone-except')
  return { changedMeanwhile }
}

async function putBack(control: Control, record: FreezeRecord): Promise<readonly string[]> {
  const now = await readAuthState(control)
  const { commands, changedMeanwhile } = whatIsLeft(now, record)
  if (commands.length > 0) {
    const replies = await transaction(control, commands)
    const refused = replies.find((reply) => reply instanceof FailureError)
    if (refused instanceof FailureError) throw refused
  }
  const after = await readAuthState(control)
  const { commands: still } = whatIsLeft(after, record)
  if (still.length > 0)
    throw new FailureError(makeFailure('freeze.changed-meanwhile', { address: control.address }))
  return changedMeanwhile
}

/** The commands that lead from how the server stands to how it stood, and what is not ours to touch. */
export function whatIsLeft(
  now: Pick<AuthState, 'requirepass' | 'acl'>,
  record: FreezeRecord,
): { commands: readonly Command[]; changedMeanwhile: readonly string[] } {
  const commands: Command[] = []
  const changedMeanwhile: string[] = []
  if (now.requirepass === record.secret)
    // First: on 6.0 and later this rewrites the passwords of `default`, which its own line then puts right.
    commands.push(['CONFIG', 'SET', 'requirepass', bytesOf(record.requirepass)])
  else if (now.requirepass !== record.requirepass) changedMeanwhile.push('requirepass')

  const touchesDefault = commands.length > 0
  const standing = new Map((now.acl ?? []).map((line) => [userOf(line), line]))
  for (const before of record.acl ?? []) {
    const user = userOf(before)
    if (user === record.ownUser) continue
    const line = standing.get(user)
    const restores = user === 'default' && touchesDefault
    if (line === before && !restores) continue
    if (line !== undefined && (line === before || isOurs(line, record)))
      commands.push(restoreUser(before, record.version))
    else changedMeanwhile.push(user)
  }
  return { commands, changedMeanwhile }
}

/** Whether a user's line is what our freeze made of it. Where we crashed before reading it back, by its look. */
function isOurs(line: AclLine, record: FreezeRecord): boolean {
  if (record.aclFrozen !== null) return record.aclFrozen.includes(line)
  return userOf(line) === 'default' ? onlyOpensWith(line, record.secret) : isOff(line)
}

/** Last, and from a connection that does not stand on it: deleting a user closes its connections. */
async function removeOwnUser(
  control: Control,
  record: FreezeRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (record.ownUser === null) return
  const old = await openControl(record.connection, { signal }).catch(() => null)
  await using closing = old ?? control
  await closing.call('ACL', 'DELUSER', record.ownUser).catch((thrown: unknown) => {
    // The old user may not be allowed to; ours is, and is answered before its connections are closed.
    if (old === null) throw thrown
    return control.call('ACL', 'DELUSER', record.ownUser ?? '')
  })
}
