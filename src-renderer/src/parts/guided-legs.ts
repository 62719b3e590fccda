import { guidedSteps, type GuidedBackupView, type GuidedStep } from '#contract/guided-backup.ts'
import { formatBytes, formatCount, formatDuration, formatTime } from '../i18n/format.ts'
import { t } from '../i18n/i18n.svelte.ts'
import type { IconName } from '../ui/icon-names.ts'
import type { Leg } from '../ui/leg.ts'
import type { Tone } from '../ui/tone.ts'
import { nameOfFlavour } from './flavour.ts'

const byYou: readonly GuidedStep[] = ['freeze', 'file', 'restore', 'hand-over']

/** How many of the steps lie behind it. */
export function guidedStepsDone({ state, step }: GuidedBackupView): number {
  return state === 'done' ? guidedSteps.length : guidedSteps.indexOf(step)
}

/** The guided list of a move by backup: what each step says, who acts, how it stands. */
export function legsOfGuided(view: GuidedBackupView): readonly Leg[] {
  const behind = guidedStepsDone(view)
  return guidedSteps.map((id, at) => ({
    id,
    name: t(`guided.${id}`),
    text: textOf(id, view, at < behind),
    state: at < behind ? ('done' as const) : at === behind ? ('now' as const) : ('todo' as const),
    who: byYou.includes(id) ? t('you') : 'Keyferry',
    isYou: byYou.includes(id),
    time: id === 'freeze' && view.frozen?.at ? formatTime(view.frozen.at) : undefined,
  }))
}

/** Icon, word and tone of how it stands. */
export function faceOfGuided({ state, failure }: GuidedBackupView): {
  readonly tone: Tone
  readonly icon: IconName
  readonly word: string
} {
  if (failure !== null) return { tone: 'danger', icon: 't-danger', word: t('guided.state.failed') }
  if (state === 'running') return { tone: 'active', icon: 'arrow', word: t('guided.state.running') }
  if (state === 'interrupted') return { tone: 'warn', icon: 'bolt', word: t('guided.state.interrupted') }
  return state === 'done'
    ? { tone: 'ok', icon: 't-ok', word: t('guided.state.done') }
    : { tone: 'warn', icon: 'user', word: t('guided.state.waiting') }
}

function textOf(id: GuidedStep, view: GuidedBackupView, isBehind: boolean): string {
  const told = isBehind
    ? doneText(id, view)
    : view.state === 'running' && view.step === id
      ? nowText(view)
      : null
  if (told === null && id === 'freeze' && isShutByHand(view)) return t('cutover.freeze.byHand.now')
  return told ?? t(`guided.${id}.text`, { from: view.from, to: view.to })
}

/** The source lets nobody change its passwords, or our account not: a person shuts its writers out. */
export function isShutByHand({ step, failure }: GuidedBackupView): boolean {
  return step === 'freeze' && failure?.code === 'freeze.not-permitted'
}

function doneText(id: GuidedStep, view: GuidedBackupView): string | null {
  const { figures, frozen, saved, inputs, restored, proof } = view
  const { source } = figures
  if (id === 'look' && source !== null)
    return t('guided.look.done', {
      product: `${nameOfFlavour(source.flavour)} ${source.version}`,
      keys: t('keys', { count: source.keys }),
    })
  if (id === 'freeze' && frozen !== null)
    return frozen.byHand ? t('cutover.freeze.byHand') : t('cutover.freeze.done', { count: frozen.signedOut })
  if (id === 'freeze') return t('guided.freeze.over')
  if (id === 'quiet') return t('guided.quiet.done')
  if (id === 'backup' && saved.length > 0) return saved.map(sayOne).join(' · ')
  if (id === 'file' && inputs.length > 0) return inputs.join(', ')
  if (id === 'restore' && restored !== null)
    return t('guided.restore.done', {
      keys: t('keys', { count: restored.keysWritten }),
      duration: formatDuration(restored.elapsedMs),
    })
  if (id === 'compare' && proof !== null)
    return proof.equal
      ? t('cutover.prove.equal', { count: proof.sourceKeys })
      : proof.differing === 0 && proof.functions === 'differ'
        ? t('functions.differ')
        : t('cutover.prove.differing', { count: proof.differing })
  return null
}

function sayOne({ address, file, bytes, keys, madeAt }: GuidedBackupView['saved'][number]): string {
  if (file !== null)
    return t('guided.backup.done', { bytes: formatBytes(bytes), keys: t('keys', { count: keys ?? 0 }) })
  return madeAt === null
    ? t('guided.backup.somewhere', { address })
    : t('guided.backup.elsewhere', { address, place: madeAt })
}

function nowText({ step, seen, progress }: GuidedBackupView): string | null {
  if (seen !== null) {
    const still =
      seen.foreignClients === null
        ? t('freeze.byHand.writes', { rate: formatCount(seen.writesPerSecond) })
        : t('freeze.byHand.writesAndClients', {
            rate: formatCount(seen.writesPerSecond),
            clients: formatCount(seen.foreignClients),
          })
    return step === 'freeze' ? `${t('freeze.byHand.waiting')} ${still}` : still
  }
  if (progress === null) return null
  const say = progress.unit === 'bytes' ? formatBytes : formatCount
  return progress.total === null
    ? say(progress.done)
    : t('guided.soFar', { done: say(progress.done), total: say(progress.total) })
}
