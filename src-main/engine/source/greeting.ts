import { addressOf, type Connection } from '#contract/connection.ts'
import { FailureError, makeFailure, type Failure, type FailureCode } from '#contract/failure.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import type { Argument } from '../resp/encode.ts'

/** One side of a conversation in lines, as a replica has it with its primary. */
export interface Conversation {
  send(args: readonly Argument[]): void
  /** The next line without its CR LF; bare newlines, the primary's sign of life, are passed over. */
  readLine(): Promise<string>
}

/** Says one command; gives what the source refuses it with, or null. */
export async function refusalOf(
  talk: Conversation,
  address: string,
  ...args: readonly Argument[]
): Promise<Failure | null> {
  talk.send(args)
  const line = await talk.readLine()
  return line.startsWith('-') ? classifyReplyError(line.slice(1), { address }) : null
}

/**
 * Begins as a replica does (replication.c, `syncWithMaster`): AUTH and PING, and a name for CLIENT LIST. Fails with
 * `auth.*`, or `source.not-ready` where asking again later will help.
 */
export async function greet(talk: Conversation, connection: Connection, name: string): Promise<void> {
  const address = addressOf(connection)
  const { username, password } = connection
  if (password !== undefined) {
    const words = username === undefined ? [password] : [username, password]
    const refused = await refusalOf(talk, address, 'AUTH', ...words)
    if (refused !== null && refused.code !== 'auth.not-needed') throw new FailureError(asSource(refused))
  }
  const deaf = await refusalOf(talk, address, 'PING')
  // A user may lack PING and still have PSYNC.
  if (deaf !== null && deaf.code !== 'auth.no-permission') throw new FailureError(asSource(deaf))
  // What the source does not know of what follows, it does without.
  await refusalOf(talk, address, 'CLIENT', 'SETNAME', name)
}

/** What passes by itself at a target passes at a source too, under its own name. */
export function asSource(refused: Failure): Failure {
  return passing.has(refused.code) ? makeFailure('source.not-ready', refused.params) : refused
}

const passing: ReadonlySet<FailureCode> = new Set([
  'target.loading',
  'target.no-replicas',
  'target.read-only',
  'server.busy',
])
