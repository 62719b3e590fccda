import { addressOf, placeOf } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { mostTasksAtOnce } from '#contract/task.ts'
import { kindOf, statesOf } from '#contract/task-states.ts'
import type { TaskBook } from './task-book.ts'

/**
 * Whether a task may begin to work beside those that do: `task.too-many` where this process has enough of them,
 * `task.instance-busy` where another task holds one of its servers, whoever runs that.
 */
export function demandAdmission(book: TaskBook, id: string): void {
  const working = book.held.filter(
    (task) => task.id !== id && ['working', 'holding'].includes(kindOf(task.state)),
  )
  if (working.length >= mostTasksAtOnce) fail('task.too-many', { most: mostTasksAtOnce })
  const holders = holdersOfServers(book, id)
  const { source, target } = book.get(id).body
  if (holders.source !== null)
    fail('task.instance-busy', { address: addressOf(source), name: holders.source })
  if (holders.target !== null)
    fail('task.instance-busy', { address: addressOf(target), name: holders.target })
}

/**
 * The names of the other tasks that hold a task's servers. Begun and not over, a task holds both, whether it runs or
 * not: their settings and passwords may be its.
 */
export function holdersOfServers(
  book: TaskBook,
  id: string,
): { readonly source: string | null; readonly target: string | null } {
  const holders = new Map<string, string>()
  for (const { id: other, name } of book.standings(statesOf('working', 'holding', 'waiting'))) {
    if (other === id) continue
    const { source, target } = book.get(other).body
    for (const side of [source, target]) holders.set(placeOf(side), name)
  }
  const { source, target } = book.get(id).body
  return { source: holders.get(placeOf(source)) ?? null, target: holders.get(placeOf(target)) ?? null }
}
