import { transaction, type Command } from '#engine/redis/transaction.ts'
import { FailureError } from '#contract/failure.ts'
import type { Control, Reply } from '#engine/redis/control.ts'
import { atLeast } from '#engine/redis/version.ts'
import { bytesOf, switchOffUser, userOf } from './acl.ts'
import type { FreezeRecord, NodeRecord } from './record.ts'

/** A command that changes who may write, with how it reads when no secret may be seen. */
export interface Change {
  readonly command: Command
  readonly shown: string
  readonly undo: string
}

/** What of a record its changes depend on. */
export type ChangedFor = Pick<FreezeRecord, 'secret' | 'ownUser' | 'staying' | 'nodes'>

export type ChangedNode = Pick<NodeRecord, 'acl' | 'version' | 'masterauth' | 'masteruser' | 'requirepass'>

/** What a freeze changes at one server. */
export function changesOf(node: ChangedNode, record: ChangedFor): readonly Change[] {
  const others = (node.acl ?? []).filter(
    (line) => userOf(line) !== 'default' && userOf(line) !== record.ownUser,
  )
  return [
    ...(signsInByPassword(node) && record.nodes.length > 1 ? [setting('masterauth', record.secret)] : []),
    setting('requirepass', record.secret),
    ...others.map((line) => {
      const command = switchOffUser(line, node.version, record.staying.includes(userOf(line)))
      const [, , , ...rules] = command
      return {
        command,
        shown: `ACL SETUSER ${userOf(line)} ${rules.join(' ')}`,
        undo: `ACL SETUSER ${userOf(line)} …`,
      }
    }),
  ]
}

function setting(name: string, secret: string): Change {
  const shown = `CONFIG SET ${name} •••••`
  return { command: ['CONFIG', 'SET', name, bytesOf(secret)], shown, undo: shown }
}

/**
 * Whether a replica's sign-in at its primary hangs on the password of `default`. 2.4 cannot be told to sign in
 * without one again, once it was told to: it stays connected, and is left as it is.
 */
function signsInByPassword({ masteruser, masterauth, version }: ChangedNode): boolean {
  if (masterauth === '' && !atLeast(version, 2, 6)) return false
  return masteruser === '' || masteruser === 'default'
}

/** Whether a server can sign out all clients of a kind at once. */
export function killsByType(version: string): boolean {
  return atLeast(version, 2, 8, 12)
}

/**
 * Whether replicas must sign in anew. From 2.8 to 5.0, who came while there was no password is locked out once there is
 * one, and a replica's `REPLCONF ACK` is then answered with `-NOAUTH` in the middle of its replication stream.
 */
export function replicasMustSignIn({
  version,
  requirepass,
}: Pick<NodeRecord, 'version' | 'requirepass'>): boolean {
  return atLeast(version, 2, 8) && !atLeast(version, 6, 0) && requirepass === ''
}

/** How everybody is signed out of a server, where it can be said in a few words. */
export function signOutOf(node: ChangedNode): readonly Command[] {
  if (!killsByType(node.version)) return []
  const types = ['normal', 'pubsub', ...(replicasMustSignIn(node) ? ['slave'] : [])]
  return types.map((type) => ['CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes'])
}

/** Runs commands as one transaction; rejects also where one was refused inside it. */
export async function carryOut(control: Control, commands: readonly Command[]): Promise<readonly Reply[]> {
  if (commands.length === 0) return []
  const replies = await transaction(control, commands)
  const refused = replies.find((reply) => reply instanceof FailureError)
  if (refused instanceof FailureError) throw refused
  return replies
}
