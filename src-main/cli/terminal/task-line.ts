import { sayMoment } from '#contract/schedule.ts'
import type { TaskView } from '#contract/task.ts'
import { isAtWork } from '#contract/task-states.ts'
import { sayFailure } from '#contract/words/say-failure.ts'
import { handsLine } from './by-hand-lines.ts'
import { bytes, count, keys, short } from './figures.ts'

/**
 * How a task that is waited for stands, in one line; null where nobody works on it, and what it has come to is told
 * otherwise.
 */
export function taskLine({ state, mode, progress, freeze, proof, schedule }: TaskView): string | null {
  if (state === 'scheduled' && schedule !== null) return `Armed for ${sayMoment(schedule)} …`
  if (!isAtWork(state)) return null
  if (state === 'starting' || state === 'checking') return 'Checking both sides …'
  if (freeze.state === 'waiting-for-hands')
    return `Waiting for you to shut the writers out: ${handsLine(freeze)}`
  if (state === 'freezing') return 'Freezing writes at the source …'
  if (state === 'frozen') return frozenLine({ mode, freeze })
  if (state === 'proving') return proof?.progress ? proving(proof.progress) : 'Comparing both sides …'
  if (state === 'finishing') return 'Finishing …'
  if (progress === null) return 'Beginning …'
  const { phase, copiedKeys, bytesPerSecond, lagBytes, writesPerSecond, sourceKeys, targetKeys } = progress
  if (phase === 'waiting') {
    const why = progress.waitingFor === null ? '' : ` ${sayFailure(progress.waitingFor, 'en').what}`
    return `Waiting, and trying again:${why}`
  }
  if (phase === 'handshake' || phase === 'waiting-for-snapshot')
    return 'Waiting for the snapshot of the source …'
  if (state === 'copying') return `Copying: ${keys(copiedKeys)}, ${bytes(bytesPerSecond)}/s`
  if (phase === 'reconciling') return 'Comparing both sides: something may have been changed unseen …'
  const counts =
    sourceKeys === null || targetKeys === null ? '' : `, keys ${count(sourceKeys)} | ${count(targetKeys)}`
  const lag = lagBytes === null ? '' : `, lag ${bytes(lagBytes)}`
  return `${phase === 'in-step' ? 'In step' : 'Following'}: ${short(writesPerSecond)} writes/s${lag}${counts}`
}

/** `Writes are frozen at offset 123.`, or at how many masters. Where keys are read one by one an offset says nothing. */
export function frozenLine({
  mode,
  freeze: { offset, shards },
}: Pick<TaskView, 'mode'> & { readonly freeze: Pick<TaskView['freeze'], 'offset' | 'shards'> }): string {
  if (shards.length > 1) return `Writes are frozen at ${count(shards.length)} masters.`
  return mode === 'scan' ? 'Writes are frozen.' : `Writes are frozen at offset ${count(offset ?? 0)}.`
}

function proving({
  keysDone,
  keysTotal,
  differing,
}: NonNullable<NonNullable<TaskView['proof']>['progress']>): string {
  const found = differing === 0 ? '' : `, ${count(differing)} differ`
  return `Comparing: ${count(keysDone)} of ${keys(keysTotal)}${found}`
}
