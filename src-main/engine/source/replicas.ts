import { setTimeout as sleep } from 'node:timers/promises'
import { nodeConnection, placeOf, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { openControl } from '../redis/control.ts'
import { infoNumber, parseInfo, type Info } from '../redis/info.ts'
import { mayRun } from '../redis/permission.ts'
import { replicaPlaces, replicationOf } from '../redis/replication.ts'
import { versionNumberOf } from '../redis/version.ts'
import type { Position } from './handshake.ts'

export interface ReplicaQuestion {
  /** Of our connections. */
  readonly name: string
  /** Never to be followed: what is written there would come back to it. */
  readonly target?: Connection
  /** The one followed last, which is kept to as long as it will do. */
  readonly last?: Connection | null | undefined
  readonly signal?: AbortSignal | undefined
}

export interface FoundReplica {
  /** Null: the stream is to be had from the server itself. */
  readonly replica: Connection | null
  /** How many replicas its primary tells of; null where it is no primary, and followed as it was named. */
  readonly of: number | null
}

/** From 4.0 on a replica hands its primary's stream on as it is, with its name and its offsets (PSYNC2). */
const handsOnSince = 400
/** A replica that lacks more of its primary's stream has trouble of its own. */
const mostBehind = 64 * 1024 * 1024
const answerMs = 3_000
const catchesUpWithinMs = 5_000
const lookEveryMs = 50

/**
 * A replica of `primary` whose stream can be followed in the primary's place: in step with it by its own word, of the
 * same history, open to our account. From `have` on where that is given: a replica that lacks some of what we have would
 * begin anew, so the primary is followed where it alone can go on, and a replica again where a new snapshot is due in any
 * case. Rejects where the primary cannot be asked.
 */
export async function findReplica(
  primary: Connection,
  have: Position | null,
  { name, target, last, signal }: ReplicaQuestion,
): Promise<FoundReplica> {
  await using control = await openControl(primary, { name, signal })
  const deadline = Date.now() + catchesUpWithinMs
  for (;;) {
    const info = parseInfo(String(await control.call('INFO')))
    if (replicationOf(info).role !== 'master') return { replica: null, of: null }
    const known = replicaPlaces(info)
    const isLast = (one: Connection): boolean => !!last && placeOf(one) === placeOf(last)
    const asked = known
      .map(({ host, port }) => nodeConnection(primary, host, port))
      .filter((one) => target === undefined || placeOf(one) !== placeOf(target))
    const healthy = (await Promise.all(asked.map((one) => look(one, info, name, signal))))
      .flatMap((one) => one ?? [])
      .sort((a, b) => Number(isLast(b.connection)) - Number(isLast(a.connection)) || b.offset - a.offset)
    const next = healthy.find((one) => have === null || goesOn(one.info, have))
    if (next !== undefined) return { replica: next.connection, of: known.length }
    if (have === null || !goesOn(info, have))
      return { replica: healthy[0]?.connection ?? null, of: known.length }
    // What we had of the one before may be on its way to the next.
    const isComing = healthy.some(({ offset }) => offset < have.offset)
    if (!isComing || Date.now() > deadline) return { replica: null, of: known.length }
    await sleep(lookEveryMs, undefined, { signal })
  }
}

interface Healthy {
  readonly connection: Connection
  readonly info: Info
  readonly offset: number
}

/** Null where it cannot be followed now, or is no server at all: whoever asks for a stream is told of as a replica. */
async function look(
  connection: Connection,
  primary: Info,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Healthy | null> {
  const limits = { connectTimeoutMs: answerMs, commandTimeoutMs: answerMs }
  try {
    await using control = await openControl(connection, { name, signal, ...limits })
    const info = parseInfo(String(await control.call('INFO')))
    const { role, replid, offset } = replicationOf(info)
    const { replid: wanted, offset: written } = replicationOf(primary)
    const isHealthy =
      role === 'replica' &&
      info.get('master_link_status') === 'up' &&
      (versionNumberOf(info) ?? 0) >= handsOnSince &&
      replid !== null &&
      replid === wanted &&
      written - offset <= mostBehind &&
      // Users are not replicated.
      (await mayRun(control, 'PSYNC', '?', '-1')) !== false
    return isHealthy ? { connection, info, offset } : null
  } catch {
    if (signal?.aborted) fail('job.cancelled')
    return null
  }
}

/** Would this server go on from there (`masterTryPartialResynchronization` in replication.c)? */
function goesOn(info: Info, { replid, offset }: Position): boolean {
  const { replid: current, offset: end, earlier } = replicationOf(info)
  const first = infoNumber(info, 'repl_backlog_first_byte_offset')
  const isOfHistory =
    replid === current || (earlier !== null && earlier.replid === replid && offset <= earlier.offset)
  return (
    isOfHistory &&
    info.get('repl_backlog_active') === '1' &&
    first !== null &&
    offset + 1 >= first &&
    offset <= end
  )
}
