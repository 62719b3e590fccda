import type { RestoreView } from '#contract/restore-view.ts'
import type { TaskStanding } from '#contract/task.ts'
import { isUnderWay } from '#contract/task-states.ts'

/** A work as the taskbar and the tray show it. */
export interface Work {
  readonly id: string
  readonly name: string
  /** Where in the console it is looked at. */
  readonly place: string
  readonly state: WorkState
  /** From 0 to 1; null where there is no end to be seen, as while a source is followed. */
  readonly fraction: number | null
}

/**
 * - `running`; `in-step`: a source is followed closely, a person may freeze it
 * - `frozen`: writes of the source are held back; `waiting`: it needs a person, or was paused
 * - `failed`, `done`, `stopped`: over
 */
export type WorkState = 'running' | 'in-step' | 'frozen' | 'waiting' | 'failed' | 'done' | 'stopped'

/** Every restore and task of this host, as it stands. Those that were never started are left out. */
export function worksOf(tasks: readonly TaskStanding[], restores: readonly RestoreView[]): readonly Work[] {
  return [...restores.map(workOfRestore), ...tasks.flatMap((task) => workOfTask(task) ?? [])]
}

function workOfRestore({ id, files, target, state, progress }: RestoreView): Work {
  const states = { running: 'running', done: 'done', failed: 'failed', cancelled: 'stopped' } as const
  const { phase, bytesDone, bytesTotal } = progress
  const [first = '', ...more] = files
  const file = first.slice(Math.max(first.lastIndexOf('/'), first.lastIndexOf('\\')) + 1)
  const name = `${file}${more.length > 0 ? ` +${more.length}` : ''} → ${target}`
  return {
    id,
    name,
    place: `#/restores/${encodeURIComponent(id)}`,
    state: states[state],
    fraction: state === 'running' && phase === 'writing' && bytesTotal > 0 ? bytesDone / bytesTotal : null,
  }
}

function workOfTask(task: TaskStanding): Work | null {
  const { id, name, progress } = task
  const state = stateOfTask(task)
  if (state === null) return null
  const total = progress?.snapshotTotal ?? 0
  const copying = task.state === 'copying' && progress !== null && total > 0
  return {
    id,
    name,
    place: `#/tasks/${encodeURIComponent(id)}`,
    state,
    fraction: copying ? Math.min(1, progress.copiedBytes / total) : null,
  }
}

function stateOfTask({ state, inStep }: TaskStanding): WorkState | null {
  switch (state) {
    case 'finished':
    case 'way-back':
      return 'done'
    case 'stopped':
    case 'failed':
      return state
    case 'paused':
    case 'interrupted':
      return 'waiting'
    case 'freezing':
    case 'frozen':
    case 'proving':
    case 'finishing':
      return 'frozen'
    default:
      if (!isUnderWay(state)) return null
      return state === 'following' && inStep ? 'in-step' : 'running'
  }
}

/** What the taskbar shows of everything together. */
export interface Standing {
  readonly atWork: number
  readonly fraction: number | null
  /** `error` once something failed and nothing else is at work; `paused` where writes are held back or a person is needed. */
  readonly tone: 'none' | 'normal' | 'paused' | 'error'
}

export function standingOf(works: readonly Work[]): Standing {
  const atWork = works.filter(({ state }) => state === 'running' || state === 'in-step')
  const fractions = atWork.flatMap(({ fraction }) => fraction ?? [])
  const has = (state: WorkState): boolean => works.some((work) => work.state === state)
  return {
    atWork: atWork.length,
    fraction: fractions.length === 0 ? null : fractions.reduce((sum, one) => sum + one, 0) / fractions.length,
    tone:
      has('frozen') || (atWork.length === 0 && has('waiting'))
        ? 'paused'
        : atWork.length > 0
          ? 'normal'
          : has('failed')
            ? 'error'
            : 'none',
  }
}

/** A change that a person who looks elsewhere wants to hear of. */
export interface Notice {
  readonly what: 'in-step' | 'frozen' | 'done' | 'failed'
  readonly work: Work
}

const worthTelling: ReadonlySet<string> = new Set(['in-step', 'frozen', 'done', 'failed'])

/** What has changed between two looks. A work seen for the first time is no news: it is what was there at start. */
export function noticesBetween(before: readonly Work[], after: readonly Work[]): readonly Notice[] {
  const known = new Map(before.map((work) => [work.id, work.state]))
  return after.flatMap((work) => {
    const was = known.get(work.id)
    if (was === undefined || was === work.state || !worthTelling.has(work.state)) return []
    return [{ what: work.state as Notice['what'], work }]
  })
}
