import { addressOf } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { probeCapabilities } from '../redis/capabilities.ts'
import { openControl, type Control } from '../redis/control.ts'
import { resolve } from '../redis/dial.ts'
import { parseInfo } from '../redis/info.ts'
import { countIn, hasExpiringFields, keyspaceOfServer } from '../redis/keyspace.ts'
import { versionNumberOf } from '../redis/version.ts'
import { watchedTransaction } from '../redis/watched-transaction.ts'
import { Link } from '../resp/link.ts'
import { connectionName, fence, fenceShard, hasConnections } from '../target/fence.ts'
import { LiveStandalone, openLinks } from '../target/live-standalone.ts'
import { lookAtTarget } from '../target/look.ts'
import { standaloneManners } from '../target/standalone-destination.ts'
import { StandaloneTarget } from '../target/standalone.ts'
import { DbLink } from '../verify/db-link.ts'
import { earliest, formatCheckpoint, parseCheckpoint, parseMeta, type TaskKeys } from './checkpoint.ts'
import { healAppendOnlyFile } from './heal-append-only-file.ts'
import { listsInServer } from './key-lists.ts'
import { leaseCommand, renewLease, takeLease } from './lease.ts'
import { commandsToKeepOurKeys, countExisting, keysOfTask, removeTaskKeys } from './own-keys.ts'
import { scanServer } from './scan-target.ts'
import type { Place, SessionOptions, TargetSession } from './target-session.ts'

/** Of a block of a copy's commands. */
const copyBlockBytes = 96 * 1024

/**
 * Comes to a target: takes the lease, fences off what is older, heals an append-only file after a restart, and
 * only then reads how far the task has come. Rejects with `task.held-elsewhere`, `target.*`, `connect.*`, ….
 */
export async function openServerSession(options: SessionOptions): Promise<TargetSession> {
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
    const versionNumber = versionNumberOf(info) ?? Infinity
    /** Of every shard: which lane a key belongs to must never change. */
    let laneCount = Math.max(0, ...places.map(({ meta }) => meta?.lanes ?? 0))
    return {
      control,
      connection,
      name,
      fenced,
      runId,
      versionNumber,
      restarted,
      ...found,
      places,
      lanes: null,
      listsOf: (own) => listsInServer(control, own),
      readPlace: (own) => readPlace(control, own),
      fenceShard: async (prefix) => void (await fenceShard(control, prefix)),
      note: async (own, meta) => {
        await watchedTransaction(control, [
          ['SET', own.meta, JSON.stringify(meta)],
          leaseCommand(keys, holder),
        ])
      },
      noteCopying: async (own, meta, _from, clearing) => {
        laneCount = Math.max(laneCount, meta.lanes)
        const noting = (): Promise<unknown> =>
          watchedTransaction(control, [
            ...(clearing ? [['FLUSHALL'] as const] : []),
            ['SET', own.meta, JSON.stringify(meta)],
            leaseCommand(keys, holder),
            ['DEL', own.repair, own.moved, own.stale, own.scripts, ...placesOf(own, meta.lanes)],
          ])
        await (clearing ? control.whileEmptying(noting) : noting())
      },
      noteCopied: async (own, meta, checkpoint) => {
        laneCount = Math.max(laneCount, meta.lanes)
        await watchedTransaction(control, [
          ['SET', own.meta, JSON.stringify(meta)],
          ...placesOf(own, meta.lanes).map((lane) => ['SET', lane, formatCheckpoint(checkpoint)] as const),
        ])
      },
      openCopy: async () => {
        using link = await Link.open(connection, { name, signal })
        const look = await lookAtTarget(link)
        return {
          manners: standaloneManners,
          look,
          capabilities: await probeCapabilities(link, look),
          blockBytes: (connections) => StandaloneTarget.blocksFor(connections) * copyBlockBytes,
          open: (copying) => StandaloneTarget.open(connection, copying),
        }
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
      openQuestions: (links, until) => DbLink.open(connection, links, until, versionNumber),
      eachServer: (work) => work(connection),
      slots: () => Promise.resolve(''),
      scan: (until) => scanServer(control, until),
      hasExpiringFields: async () => hasExpiringFields(await keyspaceOfServer(control)),
      countKeys: async () => {
        const ours = [keys, ...others].flatMap((own) => keysOfTask(own, laneCount))
        const [keyspace, held] = await Promise.all([keyspaceOfServer(control), countExisting(control, ours)])
        return countIn(keyspace) - held
      },
      renewLease: () => renewLease(control, keys, holder),
      release: async () => void (await control.call('DEL', keys.lease)),
      removeKeys: async () => {
        const databases = Object.keys(await keyspaceOfServer(control)).map(Number)
        await removeTaskKeys(control, keys, databases)
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
async function readPlace(control: Control, keys: TaskKeys): Promise<Place> {
  const text = await control.call('GET', keys.meta)
  const meta = parseMeta(typeof text === 'string' ? text : null)
  if (meta === null) return { keys, meta, checkpoints: [] }
  const values = (await control.call('MGET', ...placesOf(keys, meta.lanes))) as readonly (string | null)[]
  return { keys, meta, checkpoints: values.map(parseCheckpoint) }
}

function placesOf(keys: TaskKeys, lanes: number): readonly string[] {
  return Array.from({ length: lanes }, (_, index) => keys.lane(index))
}
