import { addressOf, type Connection } from '#contract/connection.ts'
import { fail, FailureError } from '#contract/failure.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { asSource, greet, refusalOf, type Conversation } from './greeting.ts'

/** Where we stand in the source's history. */
export interface Position {
  readonly replid: string
  /** The offset of the last byte we have. */
  readonly offset: number
}

/** The latest whose RDB we read. */
const readsValkey = '9.1.0'

export type SyncAnswer =
  /** A snapshot follows, then the stream from the byte behind `offset`. */
  | { readonly kind: 'full'; readonly replid: string; readonly offset: number }
  /** The snapshot that this line announces follows, then the stream; the source names neither its history nor a place. */
  | { readonly kind: 'sync'; readonly header: string }
  /** The stream follows from where we were; a new id means that the source was promoted. */
  | { readonly kind: 'partial'; readonly replid: string }

/**
 * Asks for the stream as a replica does (replication.c, `syncWithMaster`): AUTH, PING, REPLCONF, PSYNC. Fails
 * with `auth.*`, `source.not-ready` where asking again later will help, or what else the source says.
 *
 * `beforeSync`: a source that knows no PSYNC (before 2.8) is asked by SYNC, which always has it make a snapshot, and this
 * is called before. Without it, such a source is refused.
 */
export async function handshake(
  talk: Conversation,
  connection: Connection,
  own: { readonly listeningPort: number; readonly name: string },
  have: Position | null,
  beforeSync?: () => void,
): Promise<SyncAnswer> {
  const address = addressOf(connection)
  await greet(talk, connection, own.name)
  await refusalOf(talk, address, 'REPLCONF', 'listening-port', own.listeningPort)
  // A Valkey of 9 with fields that expire makes no snapshot for one who does not say that he can read it.
  await refusalOf(talk, address, 'REPLCONF', 'version', readsValkey)
  await refusalOf(talk, address, 'REPLCONF', 'capa', 'eof', 'capa', 'psync2')

  talk.send(have === null ? ['PSYNC', '?', -1] : ['PSYNC', have.replid, have.offset + 1])
  const line = await talk.readLine()
  if (beforeSync === undefined || !isUnknown(line, address)) return readAnswer(line, have, address)
  beforeSync()
  talk.send(['SYNC'])
  const header = await talk.readLine()
  return header.startsWith('$') ? { kind: 'sync', header } : readAnswer(header, null, address)
}

function isUnknown(line: string, address: string): boolean {
  return (
    line.startsWith('-') && classifyReplyError(line.slice(1), { address }).code === 'server.unknown-command'
  )
}

function readAnswer(line: string, have: Position | null, address: string): SyncAnswer {
  const full = /^\+FULLRESYNC ([0-9a-f]{40}) (\d+)/i.exec(line)
  if (full !== null) return { kind: 'full', replid: full[1]!, offset: Number(full[2]) }
  const partial = /^\+CONTINUE(?: ([0-9a-f]{40}))?/i.exec(line)
  if (partial !== null && have !== null) return { kind: 'partial', replid: partial[1] ?? have.replid }
  if (line.startsWith('-')) throw new FailureError(asSource(classifyReplyError(line.slice(1), { address })))
  return fail('connect.not-redis', { address })
}
