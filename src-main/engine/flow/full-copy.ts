import { addressOf } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { SyncSpec } from '#contract/sync.ts'
import { everythingAsItIs } from '../plan/key-rules.ts'
import type { Spool } from '../source/spool.ts'
import type { Checkpoint, TaskKeys, TaskMeta } from './checkpoint.ts'
import { copySnapshot } from './copy-snapshot.ts'
import type { FollowedRules } from './followed-rules.ts'
import { listStale, type TellWhose } from './stale-keys.ts'
import type { Tell } from './sync-state.ts'
import type { Place, TargetSession } from './target-session.ts'

/** Noted instead of where slots are, while one is on its way. */
const moving = 'moving'

/** What all shards of a task have had in common since it began. */
export type Begun = Pick<TaskMeta, 'lanes' | 'emptyAtStart' | 'rules'>

export interface FullCopyParts {
  readonly spec: SyncSpec
  readonly keys: TaskKeys
  readonly session: TargetSession
  /** How far the shard had come. */
  readonly place: Place
  /** Of the shard's connections. */
  readonly name: string
  readonly begun: Begun
  /** Null: everything goes along as it is. */
  readonly rules: FollowedRules | null
  /** One of several sources that go into the same target. */
  readonly amongOthers: boolean
  readonly whose: TellWhose
  readonly spool: Spool
  /** Called once the source has told where its snapshot stands. */
  readonly beforeWriting: (signal: AbortSignal) => Promise<void>
  readonly tell: Tell
  readonly signal: AbortSignal
  readonly onProgress: (bytes: number, keys: number) => void
}

/** A target that holds all of a snapshot: the stream can be applied behind it. */
export interface Copied {
  readonly meta: TaskMeta
  readonly checkpoints: readonly Checkpoint[]
  /** The spool's, whose snapshot it was. */
  readonly generation: number
}

/**
 * Writes the spool's snapshot into a target, waiting for it where it is still to come. What the target says of
 * itself meanwhile (phase `copying`) makes a run that comes after a crash begin the copy again. Null when the
 * source has begun another snapshot. Fails with `target.copied-before` where an earlier copy would have to be cleared
 * and others' keys are among it, or as `copySnapshot` does.
 */
export async function copyInto(parts: FullCopyParts): Promise<Copied | null> {
  const { spec, keys, session, name, spool, tell, signal, onProgress } = parts
  const started = Date.now()
  while (spool.lineage === null || spool.lineage.snapshot === 'none') {
    signal.throwIfAborted()
    await spool.changed.wait(signal, 1_000)
  }
  await parts.beforeWriting(signal)
  signal.throwIfAborted()
  if (spool.lineage === null) return null
  const { generation } = spool
  const start = { replid: spool.lineage.replid, offset: spool.lineage.start }
  const snapshot = `${start.replid} ${start.offset}`
  const meta: TaskMeta = {
    format: 1,
    ...parts.begun,
    ...(isAgain(parts, snapshot) && { again: true }),
    phase: 'copying',
    guarded: true,
    snapshot,
    slots: (await session.slots()) ?? moving,
    targetRunId: session.runId,
  }
  await session.noteCopying(keys, meta, { ...start, db: 0 }, mustClear(parts, meta))
  onProgress(0, 0)
  try {
    const copied = await copySnapshot({
      spool,
      address: addressOf(session.connection),
      target: await session.openCopy(),
      name,
      connections: spec.copyConnections,
      rules: parts.rules?.keys ?? everythingAsItIs,
      temporaryPrefix: `${keys.prefix}copy`,
      signal,
      onProgress,
    })
    if (generation !== spool.generation) return null
    if (meta.again === true)
      await listStale({
        session,
        lists: session.listsOf(keys),
        folder: spool.folder,
        rules: parts.rules,
        whose: parts.whose,
        signal,
      })
    if (generation !== spool.generation) return null
    const checkpoint = { ...start, db: copied.streamDb }
    const { again: _again, ...common } = meta
    const following: TaskMeta = { ...common, phase: 'following' }
    await session.noteCopied(keys, following, checkpoint)
    tell(
      'copy.done',
      { keys: copied.keys, failed: copied.failed, bytes: spool.snapshotBytes, ms: Date.now() - started },
      copied.failed > 0 ? 'warning' : 'info',
    )
    return { meta: following, checkpoints: Array.from({ length: meta.lanes }, () => checkpoint), generation }
  } catch (thrown) {
    // The source broke off and has begun again: what was read of its snapshot ended in the middle.
    if (generation !== spool.generation) return null
    throw thrown
  }
}

/** True where the target is empty. Fails with `target.not-empty` where it is not and must be. */
export async function assertMayWrite(spec: SyncSpec, session: TargetSession): Promise<boolean> {
  const foreign = await session.countKeys()
  if (foreign > 0 && spec.onConflict === 'fail')
    fail('target.not-empty', { address: addressOf(spec.target), keys: foreign, examples: '' })
  return foreign === 0
}

/** Is one of several shards copied over an earlier copy of itself, not over the same snapshot begun? */
function isAgain({ place: { meta: before }, amongOthers }: FullCopyParts, snapshot: string): boolean {
  if (before === null || !amongOthers) return false
  return before.again === true || before.phase !== 'copying' || before.snapshot !== snapshot
}

/**
 * Must all go before another snapshot is copied? A key that is not in it, but comes back later in the stream, would go
 * on from its old value. Only the same snapshot, begun and not finished, may be written over itself. Fails with
 * `target.copied-before` where others' keys are among ours: which may go, only a person knows.
 */
function mustClear({ spec, place, amongOthers, tell }: FullCopyParts, now: TaskMeta): boolean {
  const before = place.meta
  if (before === null || (before.phase === 'copying' && before.snapshot === now.snapshot)) return false
  if (!before.emptyAtStart) fail('target.copied-before', { address: addressOf(spec.target) })
  // The others' keys are there too: what this one has no more is found afterwards.
  if (amongOthers) return false
  tell('copy.cleared', {}, 'warning')
  return true
}
