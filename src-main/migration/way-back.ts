import { randomUUID } from 'node:crypto'
import { addressOf, type Connection } from '#contract/connection.ts'
import { fail, FailureError, makeFailure, toFailure } from '#contract/failure.ts'
import type { StreamMark } from '#contract/sync.ts'
import { kindOf, statesOf } from '#contract/task-states.ts'
import { markStreams } from '#engine/source/stream-mark.ts'
import { endPause, giveTargetBack, removeFolder, undoFreeze } from './conclusion.ts'
import type { Ends } from './endpoint.ts'
import { reachOld } from './old-side.ts'
import type { RunServices } from './services.ts'
import { throughLockNow } from './target-lock.ts'
import type { TaskBook } from './task-book.ts'
import { keptStandingOf, newRecord, type TaskBody } from './task-record.ts'

const markLimitMs = 20_000
/** Longer than any walk over the expiries of a large server. */
const openLimitMs = 600_000

/**
 * Whether a migration that is frozen can keep a way back, as far as that can be told before its sync has ended: its
 * target then hands out its streams. Fails as `markStreams` does, or with `task.way-back-one-source`.
 */
export async function demandWayBack(id: string, { sources, target }: Ends): Promise<void> {
  if (sources.length > 1) fail('task.way-back-one-source', { sources: sources.length })
  await markTarget(id, target)
}

/** Where the way back of a task begins in the streams of its source: the target of the migration, silent at that moment. */
export function markTarget(
  id: string,
  target: Connection,
  signal?: AbortSignal,
): Promise<readonly StreamMark[]> {
  const inTime = AbortSignal.timeout(markLimitMs)
  return markStreams(target, {
    name: `kf:${id}:mark`,
    key: `keyferry:${id}:mark`,
    signal: signal === undefined ? inTime : AbortSignal.any([signal, inTime]),
  })
}

/** Makes the task that keeps the way back of another: from that one's target to its source. */
export function makeWayBack({ book }: Pick<RunServices, 'book'>, of: string): string {
  const { profileId, name, from, to, body, sourceSecret, targetSecret } = book.row(of)
  const { source, target, options } = JSON.parse(body) as TaskBody
  const back: TaskBody = {
    source: target,
    target: source,
    // What the other side holds is what the stream is applied to.
    options: { ...options, mode: 'stream', onConflict: 'replace', wayBack: false, onCutover: null },
  }
  const now = Date.now()
  const id = randomUUID()
  const record = { ...newRecord, wayBackOf: of }
  book.add({
    id,
    profileId,
    name,
    from: to,
    to: from,
    body: JSON.stringify(back),
    sourceSecret: targetSecret,
    targetSecret: sourceSecret,
    state: 'ready',
    stateSince: now,
    record: JSON.stringify(record),
    standing: JSON.stringify(keptStandingOf(record)),
    ownerPid: null,
    ownerSeenAt: null,
    createdAt: now,
  })
  book.change(of, { wayBack: id })
  return id
}

/**
 * Both sides of a task as they let us in at this moment: what is locked or frozen by us as such, and what was started
 * anew since as before. Those of a way back are held by the migration before it.
 */
export async function endsNow(
  services: RunServices,
  id: string,
  { sources, target }: Ends,
  signal?: AbortSignal,
): Promise<Ends> {
  const { wayBackOf } = services.book.get(id).record
  if (wayBackOf === null) return { sources, target: await throughLockNow(services, id, target, signal) }
  return {
    sources: await Promise.all(sources.map((one) => throughLockNow(services, wayBackOf, one, signal))),
    target: await reachOld(services, wayBackOf, target, signal),
  }
}

/** The way back of a migration follows: what was cut short by a crash in between is said now. */
export function noteWayBackOpen({ book }: RunServices, of: string): void {
  if (book.holds(of) || kindOf(book.get(of).state) !== 'waiting') return
  book.hold(of)
  try {
    book.become(of, 'finishing', { failure: null })
    becomeKept({ book }, of)
  } finally {
    book.release(of)
  }
}

/** Writes may go to the target from now on; what goes back is another task's. */
export function becomeKept({ book }: Pick<RunServices, 'book'>, of: string): void {
  endPause({ book }, of, 'finished')
  const { wayBack, freeze } = book.get(of).record
  const marks = (wayBack === null ? null : book.get(wayBack).record.marks) ?? []
  book.tell(of, 'info', 'way-back.open', marks.length === 1 ? { offset: marks[0]!.offset } : {})
  book.become(of, 'way-back', {
    endedAt: Date.now(),
    inStepSince: null,
    freeze: { ...freeze, opsPerSecond: null, foreignClients: null },
  })
}

/** Ends a migration whose way back is over: its source is let go, or left frozen as was chosen. */
export async function settleWayBack(
  services: RunServices,
  of: string,
  how: 'closed' | 'rolled-back',
): Promise<void> {
  const { book, freezes, store } = services
  if (store.tasks.find(of) === undefined) return
  const { state, body, record } = book.get(of)
  if (kindOf(state) === 'over') return
  const { afterFinish } = record.ending ?? body.options
  book.hold(of)
  try {
    if (state !== 'way-back') {
      book.become(of, 'finishing', { failure: null })
      endPause(services, of, 'finished')
    }
    if (how === 'closed' && afterFinish === 'leave-frozen' && freezes.open(of).length > 0) {
      book.change(of, { freeze: { ...book.get(of).record.freeze, state: 'left' } })
      book.tell(of, 'warning', 'freeze.left')
    } else {
      await undoFreeze(services, of).catch((thrown: unknown) => {
        // The journal has it still, and *unfreeze* tries again.
        book.tellFailed(of, toFailure(thrown))
      })
    }
    await giveTargetBack(services, of)
    await removeFolder(services, of)
    book.tell(of, 'info', `way-back.${how}`)
    book.become(of, how === 'closed' ? 'finished' : 'rolled-back', { inStepSince: null })
  } finally {
    book.release(of)
  }
}

/** Resolves once a way back receives and applies; rejects with what keeps it from that. */
export async function untilOpen(book: TaskBook, id: string): Promise<void> {
  for await (const answer of book.watch(id, AbortSignal.timeout(openLimitMs))) {
    if ('failed' in answer) throw new FailureError(answer.failed)
    const { state, inStep, progress, failure } = answer.ok
    if (inStep && progress?.guard === 'guarded') return
    if (state !== 'starting' && kindOf(state) !== 'working')
      throw new FailureError(failure ?? makeFailure('job.cancelled'))
  }
  fail('source.not-ready', { address: addressOf(book.get(id).body.source) })
}

/** Migrations whose way back has ended, or was given up before it was open, and whose process ended before it could say so. */
export async function settleLost(services: RunServices): Promise<void> {
  const { book, store } = services
  for (const { id, wayBack } of book.standings(statesOf('waiting'))) {
    const back = wayBack === null ? undefined : store.tasks.find(wayBack)
    if (wayBack === null || (back !== undefined && kindOf(back.state) !== 'over')) continue
    book.hold(id)
    book.change(id, { wayBack: null })
    book.release(id)
  }
  for (const { id, wayBack } of book.standings(statesOf('kept'))) {
    const back = wayBack === null ? undefined : store.tasks.find(wayBack)
    if (back === undefined || kindOf(back.state) === 'over')
      await settleWayBack(services, id, back?.state === 'finished' ? 'rolled-back' : 'closed')
  }
}
