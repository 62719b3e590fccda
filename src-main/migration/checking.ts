import type { CheckResult } from '#contract/precheck.ts'
import { runChecks } from './prechecks/run.ts'
import type { CheckRequest } from './prechecks/context.ts'
import type { RunServices } from './services.ts'

/** Runs a task's checks, each result written in the book as it comes. Acceptances of before count on. */
export async function checkTask(
  { book }: Pick<RunServices, 'book'>,
  taskId: string,
  request: Omit<CheckRequest, 'options'>,
): Promise<readonly CheckResult[]> {
  const { body, record } = book.get(taskId)
  const before = record.checks?.results ?? []
  const ranAt = Date.now()
  const results = await runChecks({ ...request, options: body.options }, before, (results) =>
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
