import { join } from 'node:path'
import { addressOf, serversOf, type Connection } from '#contract/connection.ts'
import type { CheckResult, Mend } from '#contract/precheck.ts'
import { openControl } from '#engine/redis/control.ts'
import { readSetting } from '#engine/redis/probe.ts'
import { targetServers } from '#engine/target/target-servers.ts'
import { holdersOfServers } from './admission.ts'
import type { Ends } from './endpoint.ts'
import { runChecks } from './prechecks/run.ts'
import type { CheckRequest } from './prechecks/context.ts'
import type { RunServices } from './services.ts'
import { sourceNodes } from './source-nodes.ts'

/** Runs a task's checks, each result written in the book as it comes. Acceptances of before count on. */
export async function checkTask(
  services: Pick<RunServices, 'book' | 'store' | 'folder'>,
  taskId: string,
  request: Omit<CheckRequest, 'options' | 'task' | 'onServers'>,
): Promise<readonly CheckResult[]> {
  const { book, folder } = services
  const { body, record } = book.get(taskId)
  const held = { sources: serversOf(body.source), target: body.target }
  const task = {
    id: taskId,
    folder: join(folder, taskId),
    mode: record.mode,
    others: holdersOfServers(services, held, taskId),
  }
  const before = record.checks?.results ?? []
  const ranAt = Date.now()
  const onServers = (runIds: readonly string[]): void => book.change(taskId, { runIds })
  const results = await runChecks({ ...request, options: body.options, task, onServers }, before, (results) =>
    book.change(taskId, { checks: { ranAt, running: true, results } }),
  )
  book.change(taskId, { checks: { ranAt, running: false, results } })
  const count = (...states: readonly CheckResult['state'][]): number =>
    results.filter(({ state }) => states.includes(state)).length
  const skipped = count('skipped')
  book.tell(taskId, 'info', 'checks.done', {
    passed: count('passed'),
    warnings: count('warning'),
    failed: count('failed', 'timed-out'),
    ...(skipped > 0 && { skipped }),
  })
  return results
}

/**
 * Sets what a check found too small, at every server where it was, because somebody said so. It stays so: nothing puts it
 * back.
 */
export async function mendFound(
  services: Pick<RunServices, 'book'>,
  taskId: string,
  { sources, target }: Ends,
  { mend, nodes }: CheckResult,
): Promise<void> {
  if (mend === null) return
  const servers = mend.side === 'target' ? targetServers(target) : sourceNodes(sources)
  for (const node of await servers) {
    const there = nodes === undefined ? mend : nodes.find(({ address }) => address === addressOf(node))?.mend
    if (there !== undefined) await mendSetting(services, taskId, node, there)
  }
}

async function mendSetting(
  { book }: Pick<RunServices, 'book'>,
  taskId: string,
  connection: Connection,
  { side, name, value }: Mend,
): Promise<void> {
  await using control = await openControl(connection, { name: `kf:${taskId}:settings` })
  const before = (await readSetting(control, name)) ?? ''
  await control.call('CONFIG', 'SET', name, value)
  book.tell(taskId, 'info', 'settings.mended', { side, name, before, now: value })
}

/** The same for servers that no task has yet; nothing is written in the book. */
export async function checkServers(
  { folder, ...holds }: Pick<RunServices, 'book' | 'store' | 'folder'>,
  request: Pick<CheckRequest, 'sources' | 'target' | 'options' | 'signal'>,
): Promise<readonly CheckResult[]> {
  const task = { id: '', folder, mode: null, others: holdersOfServers(holds, request) }
  return await runChecks({ ...request, resuming: false, task }, [], () => undefined)
}
