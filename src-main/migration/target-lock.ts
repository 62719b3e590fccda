import { addressOf, type Connection } from '#contract/connection.ts'
import { FailureError, isOfTheLink, makeFailure, toFailure } from '#contract/failure.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import { freezeWrites } from './freeze/freeze.ts'
import { keepFrozen, type KeepOptions } from './freeze/keep.ts'
import type { FreezeJournal, KeptFreeze } from './freeze/record.ts'
import { connectionNow, frozenConnection } from './freeze/sign-in.ts'
import { unfreezeWrites } from './freeze/unfreeze.ts'
import type { RunServices } from './services.ts'

/**
 * The target of a migration, locked for everybody else: its passwords and users are changed as those of a source are when
 * writes are frozen, journaled and undone by the very same code. The journal knows it by a name of its own beside the
 * freeze of the source.
 */
const suffix = ':target'
const lockId = (taskId: string): string => taskId + suffix

/** As the journal has it, where it is locked. */
export function lockOf(freezes: FreezeJournal, taskId: string): KeptFreeze | undefined {
  return freezes.open(lockId(taskId))[0]
}

/** How the target of a task is reached as far as the journal knows: with the lock's password while it is locked. */
export function throughLock({ freezes }: RunServices, taskId: string, target: Connection): Connection {
  const lock = lockOf(freezes, taskId)
  return lock === undefined ? target : frozenConnection(lock.record)
}

/** The same as the target itself has it: one that was started anew lets in with its former password again. */
export async function throughLockNow(
  { freezes }: RunServices,
  taskId: string,
  target: Connection,
  signal?: AbortSignal,
): Promise<Connection> {
  const lock = lockOf(freezes, taskId)
  return lock === undefined ? target : await connectionNow(lock.record, lock.record.connection, signal)
}

/**
 * Locks it, or sees to it that it is locked still; resolves with the way in. Fails with `target.not-lockable` where the
 * target lets nobody change its passwords.
 */
export async function lockTarget(
  { freezes, book }: RunServices,
  taskId: string,
  target: Connection,
  signal: AbortSignal,
): Promise<Connection> {
  const before = lockOf(freezes, taskId)
  try {
    const connection = before?.record.connection ?? target
    const { record } = await freezeWrites({ taskId: lockId(taskId), connection, journal: freezes, signal })
    if (before === undefined) book.tell(taskId, 'info', 'target.locked', { clients: record.signedOut })
    return frozenConnection(record)
  } catch (thrown) {
    const failure = toFailure(thrown)
    if (isOfTheLink(failure) || !failure.code.startsWith('freeze.')) throw thrown
    throw new FailureError(
      makeFailure('target.not-lockable', { address: addressOf(target), reason: failure.code }),
    )
  }
}

/** How often it is looked whether it is locked still: over the whole of a migration, so not oftener. */
const lookEveryMs = 1_000

/**
 * Sees to it that it stays locked until `signal` aborts: where a server of it was started anew, took over or has come back
 * after a failover, it is locked once more, and `onLocked` called. What somebody else changed there is told and left.
 */
export async function keepTargetLocked(
  { freezes, book }: RunServices,
  taskId: string,
  { onLocked, ...options }: Pick<KeepOptions, 'signal' | 'alone'> & { readonly onLocked: () => void },
): Promise<void> {
  await keepFrozen(freezes, lockId(taskId), {
    ...options,
    everyMs: lookEveryMs,
    onBroken: (broken) => book.tell(taskId, 'warning', 'target.lock-broken', { ...broken }),
    onFrozen(clients) {
      book.tell(taskId, 'info', 'target.locked', { clients })
      onLocked()
    },
  })
}

/** Is this the address of a server that is locked for a task? */
export function isLockedServer({ freezes }: RunServices, taskId: string, address: unknown): boolean {
  return lockOf(freezes, taskId)?.record.nodes.some((node) => hostAndPort(node) === address) ?? false
}

/**
 * Lets everybody in again as before, byte for byte. Resolves with the way in as it was before, null where it is not
 * locked. Rejects where it cannot be done now; the journal keeps it.
 */
export async function unlockTarget(
  { freezes, book }: RunServices,
  taskId: string,
): Promise<Connection | null> {
  const kept = lockOf(freezes, taskId)
  if (kept === undefined) return null
  const { changedMeanwhile } = await unfreezeWrites({ kept, journal: freezes })
  book.tell(taskId, 'info', 'target.unlocked')
  for (const what of changedMeanwhile) book.tell(taskId, 'warning', 'target.lock-changed', { what })
  return kept.record.connection
}

/** The tasks whose targets are locked. Throws where what the journal keeps sealed cannot be opened now. */
export function lockedTasks({ freezes }: RunServices): readonly string[] {
  return tasksOf(freezes.open())
}

/** The same, told without opening what is sealed. */
export function tasksWithLock({ store }: RunServices): readonly string[] {
  return tasksOf(store.journal.open('freeze'))
}

function tasksOf(kept: readonly { readonly taskId: string }[]): readonly string[] {
  return kept.flatMap(({ taskId }) => (taskId.endsWith(suffix) ? [taskId.slice(0, -suffix.length)] : []))
}
