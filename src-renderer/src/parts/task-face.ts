import type { SyncPhase } from '#contract/sync.ts'
import type { TaskStanding } from '#contract/task.ts'
import { kindOf, type TaskState } from '#contract/task-states.ts'
import { formatBytes, formatPercent } from '../i18n/format.ts'
import { t } from '../i18n/i18n.svelte.ts'
import type { IconName } from '../ui/icon-names.ts'
import type { Tone } from '../ui/tone.ts'

const faces: Readonly<Record<TaskState, { readonly tone: Tone; readonly icon: IconName }>> = {
  draft: { tone: 'plain', icon: 'edit' },
  checking: { tone: 'active', icon: 't-run' },
  ready: { tone: 'plain', icon: 'play' },
  scheduled: { tone: 'active', icon: 'clock' },
  starting: { tone: 'active', icon: 't-run' },
  copying: { tone: 'active', icon: 'arrow' },
  following: { tone: 'active', icon: 'wave' },
  freezing: { tone: 'held', icon: 'lock' },
  frozen: { tone: 'held', icon: 'lock' },
  proving: { tone: 'active', icon: 'equal' },
  finishing: { tone: 'active', icon: 't-run' },
  paused: { tone: 'warn', icon: 'pause' },
  failed: { tone: 'danger', icon: 't-danger' },
  interrupted: { tone: 'warn', icon: 'bolt' },
  finished: { tone: 'ok', icon: 't-ok' },
  stopped: { tone: 'plain', icon: 'stop' },
  'way-back': { tone: 'ok', icon: 'undo' },
  'rolled-back': { tone: 'plain', icon: 'undo' },
}

/** Icon, word and tone of a task's state: always the three. */
export function faceOfTask(task: TaskStanding): { tone: Tone; icon: IconName; word: string } {
  if (task.wayBackOf !== null && task.inStep && task.state === 'following')
    return { tone: 'ok', icon: 'undo', word: t('wayBack.state.open') }
  if (task.wayBackOf !== null && task.state === 'finished')
    return { ...faces.finished, word: t('task.state.rolled-back') }
  if (task.wayBackOf !== null && task.state === 'stopped')
    return { ...faces.stopped, word: t('wayBack.state.closed') }
  if (task.state === 'following' && task.inStep) return { tone: 'ok', icon: 'wave', word: t('task.inStep') }
  if (task.schedule !== null && isUnstarted(task) && task.state !== 'scheduled')
    return task.schedule.at > Date.now()
      ? { tone: 'warn', icon: 't-warn', word: t('task.notArmed') }
      : { tone: 'warn', icon: 'clock', word: t('task.timePassed') }
  return { ...faces[task.state], word: t(`task.state.${task.state}`) }
}

/** How the crossing is drawn, large and small. */
export function wayOfTask(
  task: TaskStanding,
): 'plan' | 'copy' | 'follow' | 'frozen' | 'done' | 'failed' | 'stopped' {
  switch (task.state) {
    case 'draft':
    case 'checking':
    case 'ready':
    case 'scheduled':
      return 'plan'
    case 'starting':
    case 'copying':
    case 'paused':
    case 'interrupted':
      return isCopied(task) ? 'follow' : 'copy'
    case 'following':
      return task.inStep ? 'follow' : 'copy'
    case 'freezing':
    case 'frozen':
    case 'proving':
      return 'frozen'
    case 'finishing':
    case 'finished':
    case 'way-back':
      return 'done'
    case 'failed':
      return 'failed'
    case 'stopped':
    case 'rolled-back':
      return 'stopped'
  }
}

/** The small crossing knows fewer kinds. */
export function miniWayOfTask(
  task: TaskStanding,
): 'copy' | 'follow' | 'done' | 'failed' | 'stopped' | 'paused' | 'armed' | 'off' {
  if (task.state === 'paused' || task.state === 'interrupted') return 'paused'
  if (task.state === 'draft') return 'off'
  const way = wayOfTask(task)
  return way === 'plan' ? 'armed' : way === 'frozen' ? 'follow' : way
}

/** Whether the full copy is in. */
export function isCopied(task: TaskStanding): boolean {
  const phase = task.progress?.phase
  const late: readonly (SyncPhase | undefined)[] = [
    'reconciling',
    'catching-up',
    'in-step',
    'settling',
    'drained',
  ]
  return late.includes(phase) || (task.progress !== null && task.progress.lagBytes !== null)
}

/**
 * The way travelled, 0 to 1: in bytes of the snapshot, or in keys where the source does not tell its size (one that
 * sends it without a file never does); null while neither is known. Catching up stands just before the shore.
 */
export function shareOfTask(task: TaskStanding): number | null {
  const { progress } = task
  if (progress === null) return null
  if (isCopied(task)) return 0.96
  const { snapshotTotal, copiedBytes, copiedKeys, sourceKeys } = progress
  if (snapshotTotal !== null && snapshotTotal > 0) return Math.min(0.96, copiedBytes / snapshotTotal)
  if (sourceKeys !== null && sourceKeys > 0) return Math.min(0.96, copiedKeys / sourceKeys)
  return null
}

/** How far it is, in a few words. */
export function nowOfTask(task: TaskStanding): string {
  const share = shareOfTask(task)
  if (task.state === 'copying' && share !== null) return formatPercent(share)
  const lag = task.progress?.lagBytes ?? null
  if (task.state === 'following' && !task.inStep && lag !== null)
    return t('task.behind', { bytes: formatBytes(lag) })
  if (task.state === 'freezing' || task.state === 'frozen') return t(`task.short.${task.state}`)
  return faceOfTask(task).word
}

/** Nothing has been touched yet; while it is checked it stays what it was. */
export function isUnstarted({ state }: Pick<TaskStanding, 'state'>): boolean {
  return kindOf(state) === 'unstarted'
}

/** As it is called: a way back bears the name of the migration whose it is. */
export function nameOfTask({ name, wayBackOf }: Pick<TaskStanding, 'name' | 'wayBackOf'>): string {
  return wayBackOf === null ? name : t('wayBack.name', { name })
}
