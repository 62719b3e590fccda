import type { TaskState } from '#contract/task.ts'
import type { ConsoleServices } from './services.ts'

/** The gravest thing that leaving now would touch. */
export type UnderWay = 'nothing' | 'restore' | 'migration' | 'frozen'

/** Writes of the source are held back, or about to be: every moment counts. */
const holdsWrites: ReadonlySet<TaskState> = new Set(['freezing', 'frozen', 'proving', 'finishing'])
const atWork: ReadonlySet<TaskState> = new Set(['starting', 'copying', 'following'])

/** What is under way on this host, as far as leaving it is concerned. */
export function whatIsUnderWay({ restores, tasks }: Pick<ConsoleServices, 'restores' | 'tasks'>): UnderWay {
  const states = statesOf(tasks)
  if (states.some((state) => holdsWrites.has(state))) return 'frozen'
  if (states.some((state) => atWork.has(state))) return 'migration'
  return restores.countRunning() > 0 ? 'restore' : 'nothing'
}

/** None where the store cannot be opened: then no task can be running either. */
function statesOf(tasks: ConsoleServices['tasks']): readonly TaskState[] {
  try {
    return tasks.list().map(({ state }) => state)
  } catch {
    return []
  }
}
