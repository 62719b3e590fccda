import { FailureError, makeFailure } from '#contract/failure.ts'
import type { Passwords } from '#contract/profile.ts'
import type { FlushAnswer } from '#contract/sync.ts'
import type { TaskView } from '#contract/task.ts'
import { sayFailure } from '#contract/words/say-failure.ts'
import { sayMoment, type Schedule } from '#contract/schedule.ts'
import { isAtRest } from '#contract/task-states.ts'
import type { Migrations } from '#migration/open.ts'
import { withWritten } from './command.ts'
import type { Output } from './output.ts'
import { askLine } from './terminal/ask-line.ts'
import { checkLines } from './terminal/check-lines.ts'
import { shardLines } from './terminal/shard-lines.ts'
import { columnsOf } from './terminal/style.ts'
import { taskLine } from './terminal/task-line.ts'

/** A task on the command line: shows how it goes, tells its milestones, and waits for what is wanted. */
export class FollowedTask implements Disposable {
  readonly id: string
  readonly #migrations: Migrations
  readonly #output: Output
  readonly #signal: AbortSignal
  readonly #onFlush: FlushAnswer | undefined
  #told: ReadonlySet<string> = new Set()

  /** `onFlush`: the answer whenever it stops because one of several sources was flushed. */
  constructor(
    migrations: Migrations,
    id: string,
    output: Output,
    signal: AbortSignal,
    onFlush?: FlushAnswer,
  ) {
    this.id = id
    this.#migrations = migrations
    this.#output = output
    this.#signal = signal
    this.#onFlush = onFlush
  }

  get view(): TaskView {
    return this.#migrations.tasks.get(this.id)
  }

  /** Brings a task that was not started yet, or was interrupted, to run. Fails with what the checks found. */
  async start(passwords: Passwords, acceptWarnings: boolean, at?: Schedule): Promise<void> {
    const { tasks } = this.#migrations
    if (this.view.actions.includes('resume')) {
      tasks.resume(this.id, passwords, this.#onFlush)
      return
    }
    if (this.view.state !== 'ready' && this.view.state !== 'scheduled') {
      tasks.check(this.id, passwords)
      await this.until(({ state }) => state !== 'checking')
    }
    if (acceptWarnings)
      for (const { id, state } of this.view.checks?.results ?? [])
        if (state === 'warning') tasks.accept(this.id, id, true)
    this.#refuseUnlessReady()
    if (at === undefined) tasks.start(this.id, passwords)
    else await this.#waitFor(at, passwords)
    await this.until(({ state }) => state !== 'starting')
    if (this.view.state === 'draft') this.#refuseUnlessReady()
  }

  /** Whoever interrupts the waiting has said that it is not to be started. */
  async #waitFor(at: Schedule, passwords: Passwords): Promise<void> {
    const { tasks } = this.#migrations
    tasks.schedule(this.id, at, passwords)
    this.#output.event('armed', { task: this.id, at: at.at, zone: at.zone })
    this.#output.note(`Checked, and armed for ${sayMoment(at)}; Ctrl-C disarms it.`)
    try {
      const { state, failure } = await this.until(({ state }) => state !== 'scheduled')
      if (state === 'ready' && failure !== null) throw new FailureError(failure)
    } catch (thrown) {
      if (this.view.state === 'scheduled') await tasks.unschedule(this.id)
      throw thrown
    }
  }

  #refuseUnlessReady(): void {
    const { state, checks, failure } = this.view
    if (state === 'ready') return
    const results = checks?.results ?? []
    this.#output.event('checked', { results })
    const blocking = results.filter((one) => one.state !== 'passed' && one.state !== 'warning')
    const reason =
      failure ??
      blocking.find((one) => one.failure !== null)?.failure ??
      makeFailure(blocking.length > 0 ? 'task.checks-failed' : 'task.warnings-open')
    // Said at the very end, once.
    const others = results.filter((one) => one.failure !== reason || one.nodes !== undefined)
    const columns = columnsOf(process.stderr)
    for (const line of checkLines(others, { columns })) this.#output.note(line)
    throw new FailureError(reason)
  }

  /**
   * Resolves once the task looks as wanted. Rejects with its failure when it fails, or was ended by somebody
   * else, and with `job.cancelled` on Ctrl-C.
   */
  async until(wanted: (view: TaskView) => boolean): Promise<TaskView> {
    for (;;) {
      const view = await this.#untilEnded(wanted)
      if (wanted(view)) return view
      if (!this.#goesOnAfterFlush(view)) throw this.#ended(view)
      if (view.failure !== null) this.#output.note(sayFailure(view.failure, 'en').what)
      this.#migrations.tasks.resume(this.id, undefined, this.#onFlush)
    }
  }

  /** A line typed by a person at the terminal, null where nobody answers; rejects with `job.cancelled` on Ctrl-C. */
  async ask(question: string): Promise<string | null> {
    const line = await askLine(question, this.#signal)
    if (this.#signal.aborted) throw this.#ended(this.view)
    return line
  }

  /** As it is when it looks as wanted, or has ended. */
  async #untilEnded(wanted: (view: TaskView) => boolean): Promise<TaskView> {
    for await (const answer of this.#migrations.tasks.watch(this.id, this.#signal)) {
      if ('failed' in answer) throw new FailureError(answer.failed)
      const view = answer.ok
      this.#show(view)
      if (wanted(view) || isAtRest(view.state)) return view
    }
    return this.view
  }

  #goesOnAfterFlush({ failure, actions }: TaskView): boolean {
    if (failure?.code !== 'source.flushed' || !actions.includes('resume')) return false
    // A way back is never copied again.
    const mayBe = failure.params['noCopy'] === undefined || this.#onFlush !== 'copy-again'
    return this.#onFlush !== undefined && mayBe
  }

  /** What ended it, and how many keys are on the target by then: they stay there. */
  #ended({ failure, progress }: TaskView): FailureError {
    return new FailureError(withWritten(failure ?? makeFailure('job.cancelled'), keysThere(progress)))
  }

  #show(view: TaskView): void {
    const { state, progress, inStep, inStepSince } = view
    const milestones = [
      ...(state === 'following' ? ['following' as const] : []),
      ...(inStep ? ['in-step' as const] : []),
    ]
    for (const milestone of milestones)
      if (!this.#told.has(milestone))
        this.#output.event(milestone, {
          task: this.id,
          offset: progress?.appliedOffset ?? null,
          at: inStepSince,
        })
    this.#told = new Set([...(this.#told.has('following') ? ['following'] : []), ...milestones])
    if (progress !== null) {
      const { events: _events, ...figures } = progress
      this.#output.event('progress', { task: this.id, state, ...figures })
    }
    const line = taskLine(view)
    if (line !== null) this.#output.status([line, ...shardLines(progress?.shards ?? [])].join('\n'))
  }

  [Symbol.dispose](): void {
    this.#output.clearStatus()
  }
}

/** A run that went on behind a copy of an earlier one has copied nothing itself. */
function keysThere(progress: TaskView['progress']): number {
  if (progress === null) return 0
  const { copiedKeys, appliedOffset, targetKeys } = progress
  return copiedKeys === 0 && appliedOffset !== null ? (targetKeys ?? 0) : copiedKeys
}
