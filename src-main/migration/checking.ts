import { join } from 'node:path'
import { placeOf } from '#contract/connection.ts'
import type { CheckResult } from '#contract/precheck.ts'
import { isUnderWay, openStates } from '#contract/task.ts'
import { runChecks } from './prechecks/run.ts'
import type { CheckedTask, CheckRequest } from './prechecks/context.ts'
import type { RunServices } from './services.ts'
import type { TaskBody } from './task-record.ts'

/** Runs a task's checks, each result written in the book as it comes. Acceptances of before count on. */
export async function checkTask(
  services: Pick<RunServices, 'book' | 'store' | 'folder'>,
  taskId: string,
  request: Omit<CheckRequest, 'options' | 'task'>,
): Promise<readonly CheckResult[]> {
  const { book, folder } = services
  const { body, record } = book.get(taskId)
  const task = { id: taskId, folder: join(folder, taskId), others: othersAt(services, taskId, body) }
  const before = record.checks?.results ?? []
  const ranAt = Date.now()
  const results = await runChecks({ ...request, options: body.options, task }, before, (results) =>
    book.change(taskId, { checks: { ranAt, running: true, results } }),
  )
  book.change(taskId, { checks: { ranAt, running: false, results } })
  const count = (...states: readonly CheckResult['state'][]): number =>
    results.filter(({ state }) => states.includes(state)).length
  book.tell(taskId, 'info', 'checks.done', {
    passed: count('passed'),
    warnings: count('warning'),
    failed: count('failed', 'timed-out', 'skipped'),
  })
  return results
}

/** Begun and not over, a task holds its servers, whether it runs or not: their settings and passwords may be its. */
function othersAt(
  { store, book }: Pick<RunServices, 'book' | 'store'>,
  taskId: string,
  { source, target }: TaskBody,
): CheckedTask['others'] {
  const holders = new Map<string, string>()
  for (const { id } of store.tasks.inStates(openStates.filter(isUnderWay))) {
    if (id === taskId) continue
    const { body, name } = book.get(id)
    for (const side of [body.source, body.target]) holders.set(placeOf(side), name)
  }
  return { source: holders.get(placeOf(source)) ?? null, target: holders.get(placeOf(target)) ?? null }
}
