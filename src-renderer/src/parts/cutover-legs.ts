import type { TaskView } from '#contract/task.ts'
import { formatBytes, formatCount, formatTime } from '../i18n/format.ts'
import { t } from '../i18n/i18n.svelte.ts'
import type { Leg } from '../ui/leg.ts'

export const cutoverLegs = ['inStep', 'freeze', 'drain', 'prove', 'finish', 'point', 'release'] as const
export type CutoverLeg = (typeof cutoverLegs)[number]

const done: Readonly<Record<TaskView['state'], number>> = {
  draft: 0,
  checking: 0,
  ready: 0,
  scheduled: 0,
  starting: 0,
  copying: 0,
  following: 0,
  freezing: 2,
  frozen: 3,
  proving: 3,
  finishing: 5,
  finished: 6,
  paused: 0,
  failed: 0,
  interrupted: 0,
  stopped: 0,
  'way-back': 6,
  'rolled-back': 6,
}

/** How many legs of the cutover lie behind the task. */
export function legsDone(task: TaskView): number {
  if (task.state === 'following') return task.inStep ? 1 : 0
  if (task.state === 'freezing') return task.freeze.frozenAt === null ? 1 : 2
  if (task.state === 'frozen' && isProven(task)) return 4
  if (task.state === 'finished' && task.freeze.state !== 'left' && task.freeze.state !== 'frozen') return 7
  return done[task.state]
}

/** Whether the proof stands: whole, equal, and made under this very freeze. */
export function isProven(task: TaskView): boolean {
  return task.finishNeedsConsent === null && task.proof?.result?.equal === true && !task.proof.void
}

const byYou: readonly CutoverLeg[] = ['freeze', 'prove', 'finish', 'point', 'release']

/** The guided list: what each leg says, who acts, how it stands. */
export function legsOf(task: TaskView): readonly Leg[] {
  const behind = legsDone(task)
  return cutoverLegs.map((id, at) => ({
    id,
    name: nameOfLeg(id, task),
    text: textOf(id, task, at < behind),
    state: at < behind ? ('done' as const) : at === behind ? ('now' as const) : ('todo' as const),
    who: byYou.includes(id) ? t('you') : 'Keyferry',
    isYou: byYou.includes(id),
    time: timeOf(id, task, at < behind),
  }))
}

/** A roll back is the same list the other way round, said by addresses: nobody has to think which is source by now. */
function nameOfLeg(id: CutoverLeg, { wayBackOf, from, to }: TaskView): string {
  const mirrored = id === 'freeze' || id === 'finish' || id === 'point' || id === 'release'
  return wayBackOf !== null && mirrored ? t(`rollBack.${id}`, { from, to }) : t(`cutover.${id}`)
}

function timeOf(id: CutoverLeg, task: TaskView, isBehind: boolean): string | undefined {
  if (!isBehind) return undefined
  const at = id === 'inStep' ? task.inStepSince : id === 'freeze' ? task.freeze.frozenAt : null
  return at === null ? undefined : formatTime(at)
}

/** `isBehind`: what an earlier freeze has told that was undone is no word on the next one. */
function textOf(id: CutoverLeg, task: TaskView, isBehind: boolean): string {
  const { freeze, proof } = task
  const lag = task.progress?.lagBytes ?? null
  const result = proof?.result ?? null
  if (id === 'freeze' && freeze.state === 'waiting-for-hands') return t('cutover.freeze.byHand.now')
  const stands = isBehind || freeze.state === 'frozen'
  if (id === 'freeze' && stands && freeze.frozenAt !== null && freeze.byHand)
    return t('cutover.freeze.byHand')
  if (id === 'freeze' && stands && freeze.frozenAt !== null)
    return t('cutover.freeze.done', { count: freeze.signedOut })
  if (id === 'drain' && task.state === 'freezing' && freeze.frozenAt !== null && lag !== null)
    return t('cutover.drain.now', { bytes: formatBytes(lag) })
  if (id === 'prove' && proof?.running === true && proof.progress !== null)
    return t('cutover.prove.now', {
      done: formatCount(proof.progress.keysDone),
      total: formatCount(proof.progress.keysTotal),
    })
  if (id === 'prove' && stands && !isBehind && proof?.void === true && !proof.running)
    return t('cutover.prove.void')
  if (id === 'prove' && stands && result !== null && proof?.void === false) {
    if (result.equal) return t('cutover.prove.equal', { count: result.sourceKeys })
    if (result.differing === 0 && result.functions === 'differ') return t('functions.differ')
    return t('cutover.prove.differing', { count: result.differing })
  }
  if (task.wayBackOf !== null && (id === 'drain' || id === 'finish'))
    return t(`rollBack.${id}.text`, { from: task.from, to: task.to })
  if (id === 'drain' && task.mode === 'scan') return t('cutover.drain.scan')
  if (id === 'release' && isBehind && freeze.state === 'undone' && !freeze.byHand && task.wayBackOf === null)
    return t('cutover.release.done')
  if (id === 'release' && task.state === 'way-back') return t('wayBack.kept.release')
  return t(`cutover.${id}.text`)
}
