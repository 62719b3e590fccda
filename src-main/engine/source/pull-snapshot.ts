import { addressOf, type Connection } from '#contract/connection.ts'
import type { DumpPhase } from '#contract/dump.ts'
import { fail, FailureError, makeFailure, toFailure } from '#contract/failure.ts'
import { classifySocketError } from '../redis/connect-failure.ts'
import { dial } from '../redis/dial.ts'
import { Intake } from '../redis/intake.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { atLeast } from '../redis/version.ts'
import { asSource, greet, refusalOf, type Conversation } from './greeting.ts'
import type { LandingFile } from './landing-file.ts'
import { SnapshotTransfer } from './snapshot-transfer.ts'
import { SocketConversation } from './socket-conversation.ts'

/** What is known of a source before a snapshot is asked for. */
export interface SourceKind {
  readonly flavour: 'redis' | 'valkey' | 'unknown'
  readonly version: string
}

export interface PullOptions {
  readonly source: SourceKind
  readonly signal: AbortSignal
  readonly onProgress: (phase: DumpPhase, bytesDone: number, bytesTotal: number | null) => void
}

/** `repl-timeout` of a server by default: a source silent for longer is gone. */
const silenceMs = 60_000
/** Before 2.8 a source says nothing while it saves, however long that takes. */
const longestSaveMs = 4 * 3_600_000

/**
 * Pulls one snapshot of a live server into a file, as a replica does, and hangs up: PSYNC, or SYNC where that is not
 * known (2.4, 2.6). Fails with `connect.*`, `tls.*`, `auth.*`, `source.not-ready`, `dump.*`, `file.no-room` or
 * `job.cancelled`.
 */
export async function pullSnapshot(
  connection: Connection,
  file: LandingFile,
  { source, signal, onProgress }: PullOptions,
): Promise<void> {
  const address = addressOf(connection)
  onProgress('connecting', 0, null)
  const intake = new Intake()
  const { stream } = await dial(connection, { signal, into: intake })
  const cut = (): void => void stream.destroy()
  signal.addEventListener('abort', cut, { once: true })
  stream.setTimeout(silenceMs, () => stream.destroy(silence()))
  let waiting = false
  try {
    onProgress('handshake', 0, null)
    const talk = new SocketConversation(stream, address, intake)
    await greet(talk, connection, 'keyferry:dump')
    waiting = true
    onProgress('waiting', 0, null)
    if (!atLeast(source.version, 2, 8)) stream.setTimeout(longestSaveMs)
    const transfer = new SnapshotTransfer(await announced(talk, address, source))
    stream.setTimeout(silenceMs)
    if (transfer.total !== null) await file.expect(transfer.total)
    for (let ended = false; !ended;) {
      onProgress('receiving', file.bytes, transfer.total)
      const step = transfer.push((await talk.readChunk()).bytes)
      for (const bytes of step.rdb) await file.write(bytes)
      ;({ ended } = step)
    }
  } catch (thrown) {
    if (signal.aborted) return fail('job.cancelled')
    throw waiting ? asBroken(thrown, address, file.bytes) : nameSocketFailure(thrown, connection)
  } finally {
    signal.removeEventListener('abort', cut)
    stream.destroy()
  }
}

/** Asks for a snapshot alone; gives the line that announces it (replication.c, `syncCommand`). */
async function announced(
  talk: Conversation,
  address: string,
  { flavour, version }: SourceKind,
): Promise<string> {
  // Valkey 9 saves fields that expire only for those who say that they are as new as it is.
  if (flavour === 'valkey') await refusalOf(talk, address, 'REPLCONF', 'version', version)
  await refusalOf(talk, address, 'REPLCONF', 'capa', 'eof')
  // Since 7.0: no stream behind it. Older ones are hung up on.
  await refusalOf(talk, address, 'REPLCONF', 'rdb-only', 1)
  talk.send(['PSYNC', '?', -1])
  let line = await talk.readLine()
  if (
    line.startsWith('-') &&
    classifyReplyError(line.slice(1), { address }).code === 'server.unknown-command'
  ) {
    talk.send(['SYNC'])
    line = await talk.readLine()
  }
  if (line.startsWith('+FULLRESYNC')) line = await talk.readLine()
  if (!line.startsWith('-')) return line
  const failure = asSource(classifyReplyError(line.slice(1), { address }))
  throw failure.code === 'source.not-ready'
    ? new FailureError(failure)
    : new FailureError(makeFailure('dump.refused', { address, reply: failure.params['reply'] ?? '' }))
}

/** From here on a lost link costs the source another snapshot, and nobody but a person begins that anew. */
function asBroken(thrown: unknown, address: string, done: number): unknown {
  if (!(thrown instanceof FailureError)) {
    const reason = (thrown as NodeJS.ErrnoException).code
    return reason === undefined
      ? thrown
      : new FailureError(makeFailure('dump.broken', { address, done, reason }))
  }
  const { code } = toFailure(thrown)
  return code.startsWith('connect.') || code === 'source.stream-corrupt'
    ? new FailureError(makeFailure('dump.broken', { address, done, reason: code }))
    : thrown
}

function nameSocketFailure(thrown: unknown, connection: Connection): unknown {
  return thrown instanceof FailureError || (thrown as NodeJS.ErrnoException).code === undefined
    ? thrown
    : new FailureError(classifySocketError(thrown, addressOf(connection), connection.tls !== undefined))
}

function silence(): Error {
  return Object.assign(new Error('the source fell silent'), { code: 'ETIMEDOUT' })
}
