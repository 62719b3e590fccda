import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { addressOf, type Connection } from '#contract/connection.ts'
import { fail, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import { unguardExpiries } from '#engine/flow/unguard.ts'
import type { KeptFreeze } from './freeze/record.ts'
import { unfreezeWrites } from './freeze/unfreeze.ts'
import { lookFrozen } from './freeze/watch.ts'
import { removeOwnKeys } from './own-keys.ts'
import { putAllSettingsBack } from './all-settings.ts'
import type { Ends } from './endpoint.ts'
import { settingsIn, type RunServices } from './services.ts'
import { unlockTarget } from './target-lock.ts'
import { noFreeze } from './task-record.ts'

/**
 * Puts back what a task holds on both servers. What cannot be put back now stays in the journal, is told, and
 * is tried again when Keyferry starts the next time, and meanwhile by a process that stays.
 */
export async function putEverythingBack(
  services: RunServices,
  taskId: string,
  ends: Ends,
  tell?: TellFailed,
): Promise<void> {
  await attempt(services, taskId, () => settingsBack(services, taskId, ends), tell)
  await attempt(services, taskId, () => undoFreeze(services, taskId), tell)
}

/** The settings alone, tried once: what cannot be put back is told, and tried again at the end. */
export async function giveSettingsBack(services: RunServices, taskId: string, ends: Ends): Promise<void> {
  await attempt(services, taskId, () => settingsBack(services, taskId, ends))
}

/** The end of a migration that went through: its writes may go to the target from now on. */
export async function conclude(
  services: RunServices,
  taskId: string,
  ends: Ends,
  afterFinish: 'unfreeze' | 'leave-frozen',
): Promise<void> {
  const { book, freezes } = services
  if (afterFinish === 'leave-frozen' && freezes.open(taskId).length > 0) {
    await attempt(services, taskId, () => settingsBack(services, taskId, ends))
    book.change(taskId, { freeze: { ...book.get(taskId).record.freeze, state: 'left' } })
    book.tell(taskId, 'warning', 'freeze.left')
  } else {
    await putEverythingBack(services, taskId, ends)
  }
  await giveTargetBack(services, taskId)
  await removeFolder(services, taskId)
}

/** Lets everybody into a target that was locked, tried once. Resolves with the way in as it was before, if it was locked. */
export async function giveTargetBack(
  services: RunServices,
  taskId: string,
  tell?: TellFailed,
): Promise<Connection | null> {
  let before: Connection | null = null
  const unlock = async (): Promise<void> => {
    before = await unlockTarget(services, taskId)
  }
  await attempt(services, taskId, unlock, tell)
  return before
}

/** The end of one that was given up: what was copied stays in the target. */
export async function giveUp(services: RunServices, taskId: string, ends: Ends): Promise<void> {
  const failure = await expiriesBack(services, taskId, ends.target)
  await attempt(services, taskId, () => removeOwnKeys(ends.target, taskId))
  await putEverythingBack(services, taskId, ends)
  await giveTargetBack(services, taskId)
  await removeFolder(services, taskId)
  services.book.become(taskId, 'stopped', { endedAt: Date.now(), inStepSince: null, failure })
}

/** While a source is followed its keys last over a thousand years in the target; nobody is to be left with that unsaid. */
async function expiriesBack(
  { book }: RunServices,
  taskId: string,
  target: Connection,
): Promise<Failure | null> {
  const { progress } = book.get(taskId).record
  if (progress === null || progress.guard === 'final') return null
  try {
    await unguardExpiries(target, taskId)
    return null
  } catch (thrown) {
    const { code } = toFailure(thrown)
    const failure = makeFailure('task.expiries-shifted', { address: addressOf(target), reason: code })
    book.tellFailed(taskId, failure)
    return failure
  }
}

/** Puts passwords and users of all sources back, as far as freezes of this task are open. */
export async function undoFreeze(
  services: RunServices,
  taskId: string,
  onRestored?: (kept: KeptFreeze) => void,
): Promise<void> {
  const { book, freezes } = services
  const open = freezes.open(taskId)
  if (open.length === 0) return
  const { freeze } = book.get(taskId).record
  book.change(taskId, { freeze: { ...freeze, state: 'unfreezing' } })
  const outcomes = await Promise.allSettled(
    open.map(async (kept) => {
      const { changedMeanwhile } = await unfreezeWrites({
        kept,
        journal: freezes,
        onRestored: () => onRestored?.(kept),
      })
      const namesItself = open.length === 1 || kept.record.nodes.length > 1
      const address = addressOf(kept.record.connection)
      return changedMeanwhile.map((what) => (namesItself ? what : `${address} ${what}`))
    }),
  )
  const failed = outcomes.find((one) => one.status === 'rejected')
  if (failed !== undefined) {
    book.change(taskId, { freeze })
    throw failed.reason
  }
  const changedMeanwhile = outcomes.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  book.change(taskId, {
    freeze: {
      ...noFreeze,
      byHand: freeze.byHand,
      state: changedMeanwhile.length === 0 ? 'undone' : 'undone-except',
      frozenAt: freeze.frozenAt,
      offset: freeze.offset,
      shards: freeze.shards,
      signedOut: freeze.signedOut,
      changedMeanwhile,
    },
  })
  endPause(services, taskId, 'unfrozen')
  if (open.every(({ record }) => record.byHand)) book.tell(taskId, 'warning', 'freeze.undo-by-hand')
  else book.tell(taskId, 'info', 'freeze.undone')
  for (const what of changedMeanwhile) book.tell(taskId, 'warning', 'freeze.changed-meanwhile', { what })
}

/**
 * Nobody has watched since it was interrupted: what is finished under a freeze is finished under one that stands. Writes
 * `broken` in the book and fails with `freeze.broken` where it does not.
 */
export async function demandStillFrozen({ book, freezes }: RunServices, taskId: string): Promise<void> {
  const { freeze, proof, writePause } = book.get(taskId).record
  const kept = freezes.open(taskId)
  if (freeze.state !== 'frozen' || writePause?.endedBy === 'finished') return
  const looks = await Promise.all(kept.map(({ record }) => lookFrozen(record)))
  const broken = looks.find((look) => look !== null) ?? null
  if (broken === null) return
  const { breach, address } = broken
  book.tell(taskId, 'error', 'freeze.broken', { breach, address })
  book.change(taskId, {
    freeze: { ...freeze, state: 'broken', breach, breachAt: address },
    proof: proof && { ...proof, void: true },
  })
  fail('freeze.broken', { address, breach })
}

/** Stops the clock of the write pause, if it runs. */
export function endPause(
  { book }: Pick<RunServices, 'book'>,
  taskId: string,
  endedBy: 'finished' | 'unfrozen',
): void {
  const { writePause } = book.get(taskId).record
  if (writePause === null || writePause.endedAt !== null) return
  const endedAt = Date.now()
  book.change(taskId, { writePause: { ...writePause, endedAt, endedBy } })
  book.tell(taskId, 'info', 'pause.ended', { ms: endedAt - writePause.startedAt })
}

async function settingsBack(services: RunServices, taskId: string, ends: Ends): Promise<void> {
  await putAllSettingsBack(ends, services.freezes, settingsIn(services, taskId))
}

/** What was kept of the stream is of no use to anybody once a task is over. */
export async function removeFolder({ folder }: RunServices, taskId: string): Promise<void> {
  await rm(join(folder, taskId), { recursive: true, force: true })
}

/** What could not be done, by whoever tells it otherwise than as it comes. */
export type TellFailed = (failure: Failure) => void

async function attempt(
  { book }: RunServices,
  taskId: string,
  deed: () => Promise<void>,
  tell: TellFailed = (failure) => book.tellFailed(taskId, failure),
): Promise<void> {
  try {
    await deed()
  } catch (thrown) {
    tell(toFailure(thrown))
  }
}
