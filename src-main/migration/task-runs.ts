import { fail } from '#contract/failure.ts'
import type { Passwords } from '#contract/profile.ts'
import type { TaskView } from '#contract/task.ts'
import { isBegun, type TaskAction } from '#contract/task-states.ts'
import { connectionsOf, type Ends } from './endpoint.ts'
import type { IdleLocks } from './idle-locks.ts'
import { MigrationRun } from './run.ts'
import type { SecretBox } from './secrets.ts'
import type { RunServices } from './services.ts'
import { throughLock } from './target-lock.ts'
import type { TaskBody, TaskRecord } from './task-record.ts'

/** The runs of this process: which task has one, and what may be done with a task that has one or none. */
export class TaskRuns {
  readonly #services: RunServices
  readonly #box: SecretBox
  readonly #locks: IdleLocks
  readonly #runs = new Map<string, MigrationRun>()
  /** Passwords typed for a task in this process, so that they are asked for once. */
  readonly #typed = new Map<string, Passwords>()
  /** Deeds that take their time, while they are under way, by deed and task. */
  readonly #underWay = new Map<string, Promise<TaskView>>()

  constructor(services: RunServices, box: SecretBox, locks: IdleLocks) {
    this.#services = services
    this.#box = box
    this.#locks = locks
  }

  /** Fails with `task.wrong-state` where a task does not allow it as it stands. */
  demand(id: string, action: TaskAction): void {
    const { state, actions } = this.#services.book.view(id)
    if (!actions.includes(action)) fail('task.wrong-state', { state, action })
  }

  /** How it stands, where what is asked for has been asked for already; null where it is to be done. */
  joined(id: string, action: TaskAction): TaskView | null {
    const view = this.#services.book.view(id)
    return isBegun(action, view) ? view : null
  }

  /** Does it, or waits with whoever has asked for the same before. */
  once(id: string, action: TaskAction | 'command', deed: () => Promise<TaskView>): Promise<TaskView> {
    const name = `${action} ${id}`
    const before = this.#underWay.get(name)
    if (before !== undefined) return before
    const promise = deed().finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, promise)
    return promise
  }

  isUnderWay(id: string, action: TaskAction): boolean {
    return this.#underWay.has(`${action} ${id}`)
  }

  /** The servers of a task, with the passwords kept or typed for it. Fails where one is to be asked for. */
  endsOf(id: string, passwords?: Passwords): Ends {
    const { book } = this.#services
    const row = book.row(id)
    const { source, target } = JSON.parse(row.body) as TaskBody
    const { wayBackOf } = book.get(id).record
    const known = { ...this.#typed.get(id), ...passwords }
    const sources = connectionsOf(source, row.sourceSecret, this.#box, 'source', known)
    const targets = connectionsOf(target, row.targetSecret, this.#box, 'target', known)
    const ends = {
      sources:
        wayBackOf === null ? sources : sources.map((one) => throughLock(this.#services, wayBackOf, one)),
      target: throughLock(this.#services, id, targets[0]),
    }
    this.#typed.set(id, known)
    return ends
  }

  /** What was typed for it in this process. */
  typedFor(id: string): Passwords {
    return this.#typed.get(id) ?? {}
  }

  forgetTyped(id: string): void {
    this.#typed.delete(id)
  }

  launch(id: string, ends: Ends, resuming: boolean, changed: Partial<TaskRecord> = {}): TaskView {
    const { book } = this.#services
    const free = this.#locks.letGo(id)
    book.hold(id)
    const startedAt = book.get(id).record.startedAt ?? Date.now()
    book.become(id, 'starting', { ...changed, failure: null, startedAt, inStepSince: null, ending: null })
    const run = new MigrationRun(this.#services, id, ends)
    this.#runs.set(id, run)
    run.begin(resuming, free)
    void run.ended.finally(() => {
      if (this.#runs.get(id) === run && !book.holds(id)) this.#runs.delete(id)
    })
    return book.view(id)
  }

  /** Works on a task that no run has hold of, and lets go of it. */
  async holding(id: string, deed: () => Promise<void>): Promise<TaskView> {
    const { book } = this.#services
    await this.#locks.letGo(id)
    book.hold(id)
    try {
      await deed()
    } finally {
      book.release(id)
    }
    return book.view(id)
  }

  /** The run that this process has of it. */
  of(id: string): MigrationRun | undefined {
    return this.#services.book.holds(id) ? this.#runs.get(id) : undefined
  }

  /** The same; fails with `task.wrong-state` where there is none. */
  running(id: string): MigrationRun {
    return this.of(id) ?? fail('task.wrong-state', { state: this.#services.book.get(id).state })
  }

  /** Its run has ended. */
  forget(id: string): void {
    this.#runs.delete(id)
  }

  /** Leaves all of them as a crash would, but in order. */
  async interrupt(): Promise<void> {
    await Promise.all([...this.#runs.values()].map((run) => run.interrupt()))
  }
}
