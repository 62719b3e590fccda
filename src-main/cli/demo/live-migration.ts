import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { defaultProfileOptions, type EndpointInput } from '#contract/profile.ts'
import type { TaskView } from '#contract/task.ts'
import { openControl } from '#engine/redis/control.ts'
import { cutOver, writePauseMs } from '../cut-over.ts'
import { FollowedTask } from '../follow-task.ts'
import { openOwnMigrations } from '../migrations.ts'
import type { Output } from '../output.ts'
import { count, keys } from '../terminal/figures.ts'
import { verifyLines } from '../terminal/verify-lines.ts'
import { compareServers, type Comparison } from './compare.ts'
import { accountsOf } from '#console/practice/accounts.ts'
import { startLiveWriters } from '#console/practice/live-writers.ts'
import type { LocalServer } from '#console/practice/local-server.ts'
import type { SampleData } from '#console/practice/sample-data.ts'

/** How long the writers go on once the target is in step, so that there is something to follow. */
const followingMs = 2_000

export interface MigrationScene {
  readonly source: LocalServer
  readonly target: LocalServer
  readonly data: SampleData
  readonly major: number
  /** Keyferry's own folder for this once. */
  readonly home: string
  readonly output: Output
  readonly signal: AbortSignal
}

export interface ShownMigration {
  readonly equal: boolean
  readonly writePauseMs: number | null
  readonly writesAcknowledged: number
  readonly writesRefused: number
  readonly writesApplied: number
  /** Keys that do not hold what the source had acknowledged. */
  readonly wrong: readonly string[]
  readonly comparisons: readonly Comparison[]
}

/**
 * Moves a source that is being written to, by the same services as `keyferry run --cutover auto`, and holds the
 * target to every write that was acknowledged to a writer.
 */
export async function showMigration(scene: MigrationScene): Promise<ShownMigration> {
  const { source, target, data, major, home, output, signal } = scene
  await using writers = await startLiveWriters(await accountsOf(source, major))
  output.line(
    `${writers.connections} applications write to the source: counters, appends, queues, streams, transactions, renewed expiries.`,
  )
  await using migrations = await openOwnMigrations(home)
  const profile = migrations.profiles.save({
    name: 'demo',
    source: endpointOf(source.connection),
    target: endpointOf(target.connection),
    options: defaultProfileOptions,
  })
  output.line()
  output.line('$ keyferry run demo --cutover auto')
  const { id } = migrations.tasks.create(profile.id)
  using task = new FollowedTask(migrations, id, output, signal)
  await task.start({}, false)
  const copied = await task.until(({ inStep }) => inStep)
  output.line(
    `Copied ${keys(copied.progress?.copiedKeys ?? 0)} and in step: what the source writes is on the target within a second.`,
  )
  await sleep(followingMs, undefined, { signal }).catch(() => undefined)
  const end = await cutOver(migrations, task, output)
  await writers.stop()
  tellEnd(end, output)

  const wrong = await writers.wrongOn(target.control)
  // The freeze has signed out whoever was in, us too.
  await using again = await openControl(source.connection)
  const comparisons = await compareServers(again, target.control, data, major)
  const shown: ShownMigration = {
    equal: end.state === 'finished' && wrong.length === 0 && comparisons.every(({ equal }) => equal),
    writePauseMs: writePauseMs(end),
    writesAcknowledged: writers.acknowledged,
    writesRefused: writers.refused,
    writesApplied: end.progress?.writes ?? 0,
    wrong,
    comparisons,
  }
  tellWrites(shown, output)
  return shown
}

function endpointOf({ host, port, password }: Connection): EndpointInput {
  return { host, port, password: password ?? null }
}

function tellEnd(view: TaskView, output: Output): void {
  const { state, freeze, proof } = view
  const pauseMs = writePauseMs(view)
  for (const line of proof?.result ? verifyLines(proof.result) : []) output.line(line)
  if (state !== 'finished') return
  output.line(
    `Finished. ${freeze.state === 'undone' ? 'The password and the users of the source are as they were before.' : 'The source could not be unfrozen.'}`,
  )
  if (pauseMs !== null)
    output.line(`Write pause, from the first write refused to finished: ${count(pauseMs)} ms.`)
}

function tellWrites(shown: ShownMigration, output: Output): void {
  const { wrong, writesAcknowledged, writesRefused, writesApplied } = shown
  output.line(
    `The applications had ${count(writesAcknowledged)} writes acknowledged, ${count(writesRefused)} went unanswered when they were signed out; ${count(writesApplied)} came through the stream.`,
  )
  output.line(
    wrong.length === 0
      ? 'Every acknowledged write is on the target, once.'
      : `These do not hold what was acknowledged: ${wrong.slice(0, 10).join(', ')}`,
  )
}
