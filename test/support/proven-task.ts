import type { TaskView } from '#contract/task.ts'
import type { Migrations } from '#migration/open.ts'
import { untilTask } from './data-folder.ts'

/** Takes a task that was never started to where it is frozen and proven, its warnings accepted. */
export async function bringToProof(home: Migrations, id: string): Promise<void> {
  const { tasks } = home
  tasks.check(id)
  const { checks } = await untilTask(home, id, ({ state }) => state !== 'checking')
  for (const one of checks?.results ?? []) if (one.state === 'warning') tasks.accept(id, one.id, true)
  tasks.start(id)
  await untilTask(home, id, ({ inStep }) => inStep)
  await tasks.freeze(id)
  await proveFrozen(home, id)
}

/** Waits until it is frozen, and proves it; the task with what the proof found. */
export async function proveFrozen(home: Migrations, id: string): Promise<TaskView> {
  await untilTask(home, id, ({ state }) => state === 'frozen')
  home.tasks.verify(id, 'full')
  return await untilTask(home, id, ({ state, proof }) => state === 'frozen' && proof?.running === false)
}
