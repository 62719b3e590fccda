import type { RestoreStanding, RestoreView } from '#contract/restore-view.ts'
import { isUrlInput } from '#contract/input-name.ts'
import type { InterruptedRestore, RestorePhase } from '#contract/restore.ts'
import { formatPercent } from '../i18n/format.ts'
import { t } from '../i18n/i18n.svelte.ts'
import type { IconName } from '../ui/icon-names.ts'
import type { Tone } from '../ui/tone.ts'

interface Face {
  readonly tone: Tone
  readonly icon: IconName
  readonly word: string
}

/** How the crossing of a restore is drawn, small; large it is as `copy` while paused. */
export function wayOfRestore({
  state,
  progress,
}: RestoreStanding): 'copy' | 'paused' | 'done' | 'failed' | 'stopped' {
  if (state === 'running') return progress.phase === 'paused' ? 'paused' : 'copy'
  return state === 'cancelled' ? 'stopped' : state
}

/** Icon, word and tone of a restore's state: always the three. */
export function faceOfRestore(view: RestoreStanding): Face {
  switch (view.state) {
    case 'running':
      return runningFaceOf(view.progress.phase)
    case 'done':
      return keysLeftOut(view) > 0
        ? { tone: 'warn', icon: 't-warn', word: t('restore.state.doneWithout') }
        : { tone: 'ok', icon: 't-ok', word: t('restore.state.done') }
    case 'failed':
      return { tone: 'danger', icon: 't-danger', word: t('restore.state.failed') }
    case 'cancelled':
      return { tone: 'plain', icon: 'stop', word: t('restore.state.cancelled') }
  }
}

function runningFaceOf(phase: RestorePhase): Face {
  if (phase === 'waiting') return { tone: 'warn', icon: 'clock', word: t('restore.state.waiting') }
  if (phase === 'paused') return { tone: 'warn', icon: 'pause', word: t('restore.phase.paused') }
  return { tone: 'active', icon: 'arrow', word: t(`restore.phase.${phase}`) }
}

/** Writing has begun and stands still. */
export function isHeld(phase: RestorePhase): phase is 'waiting' | 'paused' {
  return phase === 'waiting' || phase === 'paused'
}

/** Nothing is written yet: the inputs are fetched and read, the target is looked at. */
export function isReading(phase: RestorePhase): phase is 'fetching' | 'checking' | 'looking' {
  return phase === 'fetching' || phase === 'checking' || phase === 'looking'
}

/** The phases a restore goes through, and where it is. Fetching, and replaying, only where there is any. */
export function phasesOfRestore(
  view: RestoreView,
): readonly { readonly phase: RestorePhase; readonly state: 'did' | 'now' | 'todo' }[] {
  const { phase } = view.progress
  const replays = phase === 'replaying' || view.result?.inputs.some(({ kind }) => kind === 'aof') === true
  const all: readonly RestorePhase[] = [
    ...(phase === 'fetching' || view.files.some(isUrlInput) ? (['fetching'] as const) : []),
    'checking',
    'looking',
    'writing',
    ...(replays ? (['replaying'] as const) : []),
    'finishing',
  ]
  const now = all.indexOf(isHeld(phase) ? 'writing' : phase)
  return all.map((one, at) => {
    if (view.state === 'done' || at < now) return { phase: one, state: 'did' }
    return { phase: one, state: at === now && view.state === 'running' ? 'now' : 'todo' }
  })
}

/** Keys of the file that are not in the target though they were meant to be. */
export function keysLeftOut(view: RestoreStanding): number {
  return (view.result?.keysSkipped ?? 0) + (view.result?.keysFailed ?? 0)
}

type LeftOut = 'skipped' | 'filtered' | 'expired' | 'failed'

/** Why keys were left out, each reason only where there are any. */
export function sayLeftOut(counts: Readonly<Partial<Record<LeftOut, number>>>): string {
  return (Object.entries(counts) as [LeftOut, number][])
    .filter(([, n]) => n > 0)
    .map(([reason, n]) => t(`figure.leftOut.${reason}`, { n }))
    .join(' · ')
}

/**
 * The way travelled, 0 to 1. Reading the file through is no way across, so the ferry leaves when writing starts;
 * the bytes of the file measure it. Null until then.
 */
export function shareOfRestore(view: RestoreStanding): number | null {
  if (view.state === 'done') return 1
  const { phase, bytesDone, bytesTotal } = view.progress
  if (isReading(phase) || bytesTotal === 0) return null
  return Math.min(1, bytesDone / bytesTotal)
}

/** The same of one that was cut short: never all of it. */
export function shareOfInterrupted({ bytesDone, bytesTotal }: InterruptedRestore): number {
  return bytesTotal === 0 ? 0 : Math.min(0.99, bytesDone / bytesTotal)
}

/** Seconds to go; null while unknown. What was measured before a limit was set does not outrun the limit. */
export function secondsLeftOf({ progress, limits }: RestoreView): number | null {
  const { etaSeconds, keysDone, keysTotal } = progress
  if (etaSeconds === null || keysTotal === null || limits.keysPerSecond === undefined) return etaSeconds
  return Math.max(etaSeconds, (keysTotal - keysDone) / limits.keysPerSecond)
}

/** How far it is, in a short word or a percentage. */
export function nowOfRestore(view: RestoreStanding): string {
  const { phase } = view.progress
  if (view.state !== 'running') return faceOfRestore(view).word
  if (phase !== 'writing' && phase !== 'replaying') return t(`restore.short.${phase}`)
  const share = shareOfRestore(view)
  return share === null ? faceOfRestore(view).word : formatPercent(share)
}

/** The last part of a path, for titles; the whole path stands beside it. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path
}

/** Several backups by the name of the first; all of them stand elsewhere on the page. */
export function nameOfInputs(names: readonly string[]): string {
  const first = baseName(names[0] ?? '')
  return names.length < 2 ? first : t('restore.several', { name: first, count: names.length - 1 })
}
