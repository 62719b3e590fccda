import { addressOf, type Connection } from '#contract/connection.ts'
import { fail, FailureError, makeFailure, type Failure, type FailureCode } from '#contract/failure.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import type { Argument } from '../resp/encode.ts'

/** One side of a conversation in lines, as a replica has it with its primary. */
export interface Conversation {
  send(args: readonly Argument[]): void
  /** The next line without its CR LF; bare newlines, the primary's sign of life, are passed over. */
  readLine(): Promise<string>
}

/** Where we stand in the source's history. */
export interface Position {
  readonly replid: string
  /** The offset of the last byte we have. */
  readonly offset: number
}

export type SyncAnswer =
  /** A snapshot follows, then the stream from the byte behind `offset`. */
  | { readonly kind: 'full'; readonly replid: string; readonly offset: number }
  /** The stream follows from where we were; a new id means that the source was promoted. */
  | { readonly kind: 'partial'; readonly replid: string }

/**
 * Asks for the stream as a replica does (replication.c, `syncWithMaster`): AUTH, PING, REPLCONF, PSYNC. Fails
 * with `auth.*`, `source.not-ready` where asking again later will help, or what else the source says.
 */
export async function handshake(
  talk: Conversation,
  connection: Connection,
  own: { readonly listeningPort: number; readonly name: string },
  have: Position | null,
): Promise<SyncAnswer> {
  const address = addressOf(connection)
  const refusal = async (...args: Argument[]): Promise<Failure | null> => {
    talk.send(args)
    const line = await talk.readLine()
    return line.startsWith('-') ? classifyReplyError(line.slice(1), { address }) : null
  }

  const { username, password } = connection
  if (password !== undefined) {
    const refused = await (username === undefined
      ? refusal('AUTH', password)
      : refusal('AUTH', username, password))
    if (refused !== null && refused.code !== 'auth.not-needed') throw new FailureError(asSource(refused))
  }
  const deaf = await refusal('PING')
  // A user may lack PING and still have PSYNC.
  if (deaf !== null && deaf.code !== 'auth.no-permission') throw new FailureError(asSource(deaf))
  // What the source does not know of these, it does without.
  await refusal('CLIENT', 'SETNAME', own.name)
  await refusal('REPLCONF', 'listening-port', own.listeningPort)
  await refusal('REPLCONF', 'capa', 'eof', 'capa', 'psync2')

  talk.send(have === null ? ['PSYNC', '?', -1] : ['PSYNC', have.replid, have.offset + 1])
  return readAnswer(await talk.readLine(), have, address)
}

function readAnswer(line: string, have: Position | null, address: string): SyncAnswer {
  const full = /^\+FULLRESYNC ([0-9a-f]{40}) (\d+)/i.exec(line)
  if (full !== null) return { kind: 'full', replid: full[1]!, offset: Number(full[2]) }
  const partial = /^\+CONTINUE(?: ([0-9a-f]{40}))?/i.exec(line)
  if (partial !== null && have !== null) return { kind: 'partial', replid: partial[1] ?? have.replid }
  if (line.startsWith('-')) throw new FailureError(asSource(classifyReplyError(line.slice(1), { address })))
  return fail('connect.not-redis', { address })
}

/** What passes by itself at a target passes at a source too, under its own name. */
function asSource(refused: Failure): Failure {
  return passing.has(refused.code) ? makeFailure('source.not-ready', refused.params) : refused
}

const passing: ReadonlySet<FailureCode> = new Set([
  'target.loading',
  'target.no-replicas',
  'target.read-only',
  'server.busy',
])
