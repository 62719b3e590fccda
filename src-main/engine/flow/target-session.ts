import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { openControl, type Control } from '../redis/control.ts'
import { resolve } from '../redis/dial.ts'
import { infoNumber, keyspaceOf, parseInfo, type Info } from '../redis/info.ts'
import { versionNumberOf } from '../redis/version.ts'
import { watchedTransaction } from '../redis/watched-transaction.ts'
import { connectionName, fence, hasConnections } from '../target/fence.ts'
import { LiveStandalone, openLinks } from '../target/live-standalone.ts'
import type { LiveTarget } from '../target/live-target.ts'
import type { FailedUnit } from '../target/transaction-frame.ts'
import {
  earliest,
  formatCheckpoint,
  parseCheckpoint,
  parseMeta,
  type Checkpoint,
  type TaskKeys,
  type TaskMeta,
} from './checkpoint.ts'
import { leaseCommand, takeLease, type Holder } from './lease.ts'
import { commandsToKeepOurKeys, removeTaskKeys } from './own-keys.ts'

export interface SessionOptions {
  readonly connection: Connection
  readonly task: string
  readonly keys: TaskKeys
  /** Of a task of several shards: the keys of the others. */
  readonly others?: readonly TaskKeys[]
  readonly holder: Holder
  /** Counts the times this run has come to the target: links of an earlier attempt are fenced off too. */
  readonly attempt: number
  readonly signal: AbortSignal
}

/** How far a shard of a task has come, as the target says. */
export interface Place {
  readonly meta: TaskMeta | null
  /** The lanes' checkpoints; null for each that is missing. */
  readonly checkpoints: readonly (Checkpoint | null)[]
}

/** What one who applies a stream is told by, and asks. */
export interface LiveOrder {
  /** Of the task, or of its shard. */
  readonly keys: TaskKeys
  /** The name of its connections. */
  readonly name: string
  /** As it is noted in the target at the time. */
  readonly meta: () => TaskMeta
  /** Of every lane. */
  readonly checkpoints: readonly Checkpoint[]
  /** To be written with the next checkpoints. */
  readonly replid: () => string
  readonly onFailed: (units: readonly FailedUnit[]) => void
  /** So many commands of units have been taken. */
  readonly onTook: (commands: number) => void
  readonly signal: AbortSignal
}

/** What a target says when one comes to it, after every older connection of the task has been seen gone. */
export interface TargetSession extends Place, AsyncDisposable {
  /** To the server that holds what the task notes of itself. */
  readonly control: Control
  /** The very server this is about: where Sentinels name another one meanwhile, no link of the session goes there. */
  readonly connection: Connection
  /** The name for every further connection of this session. */
  readonly name: string
  /** Older connections that had to be closed. */
  readonly fenced: number
  /** Tells one start of the target, or of any of its servers, from the next. */
  readonly runId: string
  /** As `TargetLook.versionNumber`; the newest where it does not tell. */
  readonly versionNumber: number
  /** The process is not the one that the task last worked with. */
  readonly restarted: boolean
  /** Of the task's keys, which stand in the session itself too, then of the others'. */
  readonly places: readonly Place[]
  /** Number of lanes, where the target knows but one; else whoever begins a task chooses. */
  readonly lanes: number | null
  /** Notes where the task stands, and takes the lease along. */
  note(meta: TaskMeta): Promise<void>
  /** Notes that a copy is all there: all lanes begin at this place. */
  noteCopied(meta: TaskMeta, checkpoint: Checkpoint): Promise<void>
  /** Opens what applies a stream. Fails as `Link.open` does. */
  openLive(order: LiveOrder): Promise<LiveTarget>
  /** Does something to each server that holds keys; anew, where keys have gone from one to another meanwhile. */
  eachServer(work: (server: Connection) => Promise<void>): Promise<void>
  /** Takes everything of the task out of the target. */
  removeKeys(): Promise<void>
}

const rewriteLimitMs = 30 * 60_000

/**
 * Comes to a target: takes the lease, fences off what is older, heals an append-only file after a restart, and
 * only then reads how far the task has come. Rejects with `task.held-elsewhere`, `target.*`, `connect.*`, ….
 */
export async function openTargetSession(options: SessionOptions): Promise<TargetSession> {
  const { task, keys, others = [], holder, attempt, signal } = options
  const connection = await resolve(options.connection, { signal })
  const name = connectionName(task, holder.run, attempt)
  const control = await openControl(connection, { signal, name })
  try {
    const info = parseInfo(String(await control.call('INFO')))
    const address = addressOf(connection)
    if (info.get('loading') === '1') fail('target.loading', { address })
    if (info.get('role') === 'slave') fail('target.read-only', { address })
    if (info.get('cluster_enabled') === '1') fail('target.cluster', { address })
    await takeLease(control, keys, holder, (run) => hasConnections(control, task, run), signal)
    const fenced = await fence(control, task, name)

    const found = await readPlace(control, keys)
    const places = [found, ...(await Promise.all(others.map((one) => readPlace(control, one))))]
    const runId = info.get('run_id') ?? ''
    const restarted = places.some(({ meta }) => meta !== null && meta.targetRunId !== runId)
    if (restarted && info.get('aof_enabled') === '1') await healAppendOnlyFile(control, signal)
    return {
      control,
      connection,
      name,
      fenced,
      runId,
      versionNumber: versionNumberOf(info) ?? Infinity,
      restarted,
      ...found,
      places,
      lanes: null,
      note: async (meta) => {
        await watchedTransaction(control, [
          ['SET', keys.meta, JSON.stringify(meta)],
          leaseCommand(keys, holder),
        ])
      },
      noteCopied: async (meta, checkpoint) => {
        const lanes = Array.from({ length: meta.lanes }, (_, index) => keys.lane(index))
        await watchedTransaction(control, [
          ['SET', keys.meta, JSON.stringify(meta)],
          ...lanes.map((lane) => ['SET', lane, formatCheckpoint(checkpoint)] as const),
        ])
      },
      openLive: async ({
        keys: own,
        name: links,
        meta,
        checkpoints,
        replid,
        onFailed,
        onTook,
        signal: stay,
      }) =>
        new LiveStandalone({
          keys: own,
          links: await openLinks(connection, links, checkpoints.length, stay),
          acked: checkpoints.map(({ offset }) => offset),
          start: earliest(checkpoints),
          replid,
          ownKeys: (unit) => commandsToKeepOurKeys(unit, control, own, meta(), holder),
          onFailed,
          onTook,
          signal: stay,
        }),
      eachServer: (work) => work(connection),
      removeKeys: async () => {
        const keyspace = keyspaceOf(parseInfo(String(await control.call('INFO', 'keyspace'))))
        await removeTaskKeys(control, keys, Object.keys(keyspace).map(Number))
        await control.call('DEL', keys.meta, keys.lease)
      },
      [Symbol.asyncDispose]: () => control[Symbol.asyncDispose](),
    }
  } catch (thrown) {
    control.close()
    throw thrown
  }
}

/** Only of use once every older connection of the shard has been seen gone. */
export async function readPlace(control: Control, keys: TaskKeys): Promise<Place> {
  const text = await control.call('GET', keys.meta)
  const meta = parseMeta(typeof text === 'string' ? text : null)
  if (meta === null) return { meta, checkpoints: [] }
  const places = Array.from({ length: meta.lanes }, (_, index) => keys.lane(index))
  const values = (await control.call('MGET', ...places)) as readonly (string | null)[]
  return { meta, checkpoints: values.map(parseCheckpoint) }
}

/**
 * A half transaction at the end of an append-only file is executed at the second restart (seen on 4.0 to 8.0):
 * a rewrite leaves none.
 */
export async function healAppendOnlyFile(control: Control, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + rewriteLimitMs
  const busy = (info: Info): boolean =>
    infoNumber(info, 'aof_rewrite_in_progress') === 1 || infoNumber(info, 'aof_rewrite_scheduled') === 1
  const look = async (): Promise<Info> => parseInfo(String(await control.call('INFO', 'persistence')))
  while (busy(await look())) await pause(deadline, control, signal)
  await control.call('BGREWRITEAOF')
  while (busy(await look())) await pause(deadline, control, signal)
}

async function pause(deadline: number, control: Control, signal: AbortSignal): Promise<void> {
  if (Date.now() > deadline) fail('target.cannot-persist', { address: control.address })
  await sleep(50, undefined, { signal })
}
