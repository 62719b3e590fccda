import type { TaskStanding } from '#contract/task.ts'
import { kindOf } from '#contract/task-states.ts'
import type { ConsoleServices } from './services.ts'

/** The gravest thing that leaving now would touch. */
export type UnderWay = 'nothing' | 'armed' | 'restore' | 'migration' | 'frozen'

/** What is under way on this host, as far as leaving it is concerned. */
export function whatIsUnderWay(
  services: Pick<ConsoleServices, 'restores' | 'tasks' | 'guidedBackups'>,
): UnderWay {
  const tasks = tasksNow(services)
  if (tasks.some(holds) || holdsByBackup(services)) return 'frozen'
  if (tasks.some(({ state }) => kindOf(state) === 'working')) return 'migration'
  if (services.restores.countRunning() > 0) return 'restore'
  return tasks.some(({ state }) => state === 'scheduled') ? 'armed' : 'nothing'
}

/** Whether it keeps writes of its source frozen, at work or waiting for a person. */
function holds({ state, actions }: TaskStanding): boolean {
  return kindOf(state) === 'holding' || (kindOf(state) === 'waiting' && actions.includes('unfreeze'))
}

/** Whether a move by backup, begun and not done, keeps writes of its source frozen. */
function holdsByBackup({ guidedBackups }: Pick<ConsoleServices, 'guidedBackups'>): boolean {
  try {
    return guidedBackups.list().some(({ state, frozen }) => state !== 'done' && frozen !== null)
  } catch {
    return false
  }
}

/** How many of those that are over are looked at: as many as may end between two looks. */
const latestEnded = 20

/** Those that are not over, and the latest that are. None where the store cannot be opened: then no task can be running either. */
export function tasksNow({ tasks }: Pick<ConsoleServices, 'tasks'>): readonly TaskStanding[] {
  try {
    const { tasks: ended } = tasks.past({ search: '', limit: latestEnded, offset: 0 })
    return [...tasks.board().open, ...ended]
  } catch {
    return []
  }
}
