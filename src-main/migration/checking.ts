import { join } from 'node:path'
import type { CheckResult } from '#contract/precheck.ts'
import { holdersOfServers } from './admission.ts'
import { runChecks } from './prechecks/run.ts'
import type { CheckRequest } from './prechecks/context.ts'
import type { RunServices } from './services.ts'

/** Runs a task's checks, each result written in the book as it comes. Acceptances of before count on. */
export async function checkTask(
  services: Pick<RunServices, 'book' | 'folder'>,
  taskId: string,
  request: Omit<CheckRequest, 'options' | 'task'>,
): Promise<readonly CheckResult[]> {
  const { book, folder } = services
  const { body, record } = book.get(taskId)
  const task = { id: taskId, folder: join(folder, taskId), others: holdersOfServers(book, body, taskId) }
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

/** The same for two servers that no task has yet; nothing is written in the book. */
export async function checkServers(
  { book, folder }: Pick<RunServices, 'book' | 'folder'>,
  request: Pick<CheckRequest, 'source' | 'target' | 'options' | 'signal'>,
): Promise<readonly CheckResult[]> {
  const task = { id: '', folder, others: holdersOfServers(book, request) }
  return await runChecks({ ...request, resuming: false, task }, [], () => undefined)
}
