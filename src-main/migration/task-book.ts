import type { Answer } from '#contract/api.ts'
import { fail, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import type { PastTasks, TaskBoard, TaskEvent, TaskStanding, TaskView } from '#contract/task.ts'
import { isAtWork, isOver, mayBecome, statesOf, taskStates, type TaskState } from '#contract/task-states.ts'
import type { Store } from '#store/open.ts'
import type { StandingRow, TaskPage, TaskRow } from '#store/tasks.ts'
import { commandConsents } from './command-consent.ts'
import { isAlive, ownerLostMs } from './ownership.ts'
import { settingsOf } from './settings.ts'
import {
  keptStandingOf,
  lineOf,
  readRecord,
  standingOf,
  viewOf,
  type Task,
  type TaskBody,
  type TaskRecord,
} from './task-record.ts'

const newestEvents = 50
/** How often a watcher is told of mere figures at most: nobody reads them faster. */
const tellEveryMs = 500
/** How old what one watcher was shown may be for another one, where nothing is known to have changed since. */
const sharedForMs = 50
/** How often what another process does is looked up. */
const lookUpMs = 1_000
/** How often figures that only show how far we are go to disk. */
const keepEveryMs = 2_000

/** How long whoever works on a task may take to hear and carry out what another process wants of it. */
const heardWithinMs = 60_000

const openStates = taskStates.filter((state) => !isOver(state))
const overStates = statesOf('over')

interface Look {
  readonly view: TaskView
  readonly text: string
  readonly step: string
  readonly at: number
}

/** What must be on disk before the deed it announces; all else may wait for a disk that is full. */
const announcing: ReadonlySet<string> = new Set<TaskState | keyof TaskRecord>([
  ...(['checking', 'scheduled', 'starting', 'freezing', 'finishing'] as const),
  ...(['command', 'concluding', 'ending', 'marks', 'mode', 'moving', 'wayBack'] as const),
])

interface Held extends Task {
  /** When it was last written down, or was to be. */
  keptAt: number
}

/** What one process may want of a task that another one works on. */
export type Wanted = 'pause' | 'stop' | 'unschedule' | 'redraft'

/**
 * All tasks as they stand: the one place that changes them, writes them down and tells who watches. A state
 * is left only as the table allows. A task that a process of ours was working on when it ended is found
 * again as `interrupted`.
 */
export class TaskBook implements Disposable {
  readonly #store: Store
  /** Those this process works on; of all others the store has the truth. */
  readonly #held = new Map<string, Held>()
  /** Those of them that are not on disk as they stand, for want of room; `left` ones nobody works on any more. */
  readonly #unwritten = new Map<string, 'held' | 'left'>()
  /** What is still to be noted of them. */
  #untold: { readonly id: string; readonly event: Omit<TaskEvent, 'id'> }[] = []
  readonly #waiting = new Set<() => void>()
  /** What watchers were told since the last change. */
  readonly #looks = new Map<string, Look>()
  readonly #heartbeat: NodeJS.Timeout
  /** What another process wants of a task that this one works on. */
  onWanted: (id: string, wanted: Wanted) => void = () => undefined
  /** Counts what this process has changed. */
  #changes = 0
  /** Whether a list was read in which another process is at work. */
  #elsewhere = false

  constructor(store: Store) {
    this.#store = store
    this.#heartbeat = setInterval(() => {
      try {
        this.#writeRest()
        for (const id of this.#held.keys()) store.tasks.seen(id, Date.now())
        for (const { id, wanted } of store.tasks.takeWanted(process.pid))
          if (this.#held.has(id)) this.onWanted(id, wanted as Wanted)
      } catch {
        // A full disk is told by the next step that has to be written down; a beat may be missed.
      }
    }, ownerLostMs / 5)
    this.#heartbeat.unref()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat)
    try {
      this.#writeRest()
    } catch {
      // Found as the disk has it the next time.
    }
    this.#wake()
  }

  get(id: string): Task {
    return this.#held.get(id) ?? this.#adopt(this.row(id))
  }

  row(id: string): TaskRow {
    return this.#store.tasks.find(id) ?? fail('task.not-found', { id })
  }

  view(id: string): TaskView {
    return this.#viewOf(this.get(id))
  }

  #viewOf(task: Task): TaskView {
    const { journal, events } = this.#store
    const consent = commandConsents(this.#store).of(task.body.options.onCutover)
    return viewOf(task, settingsOf(task.id, journal), events.newest(task.id, newestEvents), consent)
  }

  /** A task as its watchers are told it: put together once for all of them. */
  #look(id: string): Look {
    const last = this.#looks.get(id)
    if (last !== undefined && Date.now() - last.at < sharedForMs) return last
    const task = this.get(id)
    const view = this.#viewOf(task)
    const look = { view, text: JSON.stringify(view), step: stepOf(task), at: Date.now() }
    this.#looks.set(id, look)
    return look
  }

  /** Null where it has been removed. */
  #lookIfThere(id: string): Look | null {
    return this.#held.has(id) || this.#store.tasks.find(id) !== undefined ? this.#look(id) : null
  }

  /** Those in one of these states, newest first. */
  standings(states: readonly TaskState[]): readonly TaskStanding[] {
    return this.#store.tasks.inStates(states).map((row) => this.#standing(row))
  }

  /** Those that are not over, and how many are. */
  board(): TaskBoard {
    this.#elsewhere = false
    const open = this.standings(openStates).filter(({ state }) => !isOver(state))
    return { open, over: this.#store.tasks.count({ states: overStates, search: '' }) }
  }

  /** Of those that are over, the latest end first. */
  past({ search, ...page }: Pick<TaskPage, 'search' | 'limit' | 'offset'>): PastTasks {
    const sought = { states: overStates, search: search.trim() }
    const tasks = this.#store.tasks.page({ ...sought, ...page }).map((row) => this.#standing(row))
    return { tasks, count: this.#store.tasks.count(sought).count }
  }

  add(row: TaskRow): void {
    this.#store.tasks.insert(row)
    this.#wake()
  }

  remove(id: string): void {
    this.#store.tasks.remove(id)
    this.#held.delete(id)
    this.#unwritten.delete(id)
    this.#untold = this.#untold.filter((one) => one.id !== id)
    this.#wake()
  }

  /** Takes a task for this process to work on; refused while another one, alive, does. */
  hold(id: string): void {
    if (this.#held.has(id)) {
      if (this.#unwritten.has(id)) this.#unwritten.set(id, 'held')
      return
    }
    const row = this.row(id)
    if (isHeldElsewhere(row) || !this.#store.tasks.take(id, row, process.pid, Date.now()))
      fail('task.held-elsewhere', { pid: row.ownerPid ?? 0 })
    const task = this.#adopt(row)
    const held = { ...task, keptAt: 0 }
    this.#held.set(id, held)
    this.#keep(id, held, false)
  }

  /** Nobody works on it any more. */
  release(id: string): void {
    const task = this.#held.get(id)
    if (task === undefined) return
    try {
      this.#write(task, null)
      this.#unwritten.delete(id)
      this.#held.delete(id)
    } catch (thrown) {
      rethrowUnlessFull(thrown)
      this.#unwritten.set(id, 'left')
    }
    this.#wake()
  }

  holds(id: string): boolean {
    return this.#held.has(id) && this.#unwritten.get(id) !== 'left'
  }

  /** Those this process works on. */
  get held(): readonly Task[] {
    return [...this.#held.values()].filter(({ id }) => this.holds(id))
  }

  /** Another process, alive, works on it. */
  isElsewhere(id: string): boolean {
    return !this.#held.has(id) && isHeldElsewhere(this.row(id))
  }

  /** Has whoever works on a task do something, and waits until it has been; `task.held-elsewhere` else. */
  async want(id: string, wanted: Wanted): Promise<void> {
    const before = this.row(id).state
    this.#store.tasks.want(id, wanted)
    const deadline = Date.now() + heardWithinMs
    while (this.row(id).state === before || isAtWork(this.row(id).state)) {
      const { ownerPid } = this.row(id)
      if (Date.now() > deadline) fail('task.held-elsewhere', { pid: ownerPid ?? 0 })
      await wait(lookUpMs / 5, undefined)
    }
  }

  /**
   * Changes how a held task stands; on disk when it returns, but for mere progress, that of checks under way too. Where the
   * disk is full it fails with `store.disk-full` and changes nothing, if that announces a deed; else it is written down once
   * there is room.
   */
  change(id: string, changed: Partial<TaskRecord>): void {
    const task = this.#held.get(id)
    if (task === undefined) return
    this.#held.set(id, { ...task, record: { ...task.record, ...changed } })
    if (Date.now() - task.keptAt > keepEveryMs || !isMereProgress(task.record, changed))
      this.#keep(
        id,
        task,
        Object.keys(changed).some((name) => announcing.has(name)),
      )
    this.#wake()
  }

  /** Leads a held task into another state, as the table allows; `task.wrong-state` else. A full disk: as `change`. */
  become(id: string, state: TaskState, changed: Partial<TaskRecord> = {}): void {
    const task = this.#held.get(id) ?? fail('task.not-found', { id })
    if (task.state === state) {
      this.change(id, changed)
      return
    }
    if (!mayBecome(task.state, state)) fail('task.wrong-state', { state: task.state, wanted: state })
    const now = Date.now()
    this.#held.set(id, { ...task, state, stateSince: now, record: { ...task.record, ...changed } })
    this.#keep(
      id,
      task,
      [state, ...Object.keys(changed)].some((name) => announcing.has(name)),
    )
    this.tell(id, state === 'failed' ? 'error' : 'info', 'task.state', { from: task.state, to: state })
  }

  /** Notes for good what failed, and of which server or key. */
  tellFailed(id: string, { code, params }: Failure): void {
    this.tell(id, 'error', 'task.failed', { ...params, code })
  }

  /** Notes something for good. */
  tell(
    id: string,
    level: TaskEvent['level'],
    code: TaskEvent['code'],
    params: TaskEvent['params'] = {},
    at = Date.now(),
  ): void {
    this.#untold.push({ id, event: { at, level, code, params } })
    try {
      this.#tellUntold()
    } catch (thrown) {
      rethrowUnlessFull(thrown)
    }
    this.#wake()
  }

  async *watch(id: string, signal?: AbortSignal): AsyncGenerator<Answer<TaskView>, void, void> {
    let told = null as { text: string; step: string; at: number } | null
    while (!signal?.aborted) {
      const changes = this.#allChanges()
      const look = this.#lookIfThere(id)
      if (look === null) {
        yield { failed: makeFailure('task.not-found', { id }) }
        return
      }
      const { view, text, step } = look
      const dueInMs = told === null || told.step !== step ? 0 : told.at + tellEveryMs - Date.now()
      if (text === told?.text) {
        if (isOver(view.state)) await this.#changedSince(changes, signal)
        else await this.#changed(this.#held.has(id) ? null : lookUpMs, signal)
      } else if (dueInMs > 0) {
        // Figures may wait; a step is told at once.
        await Promise.race([wait(dueInMs, signal), this.#nextStep(id, step, signal)])
      } else {
        told = { text, step, at: Date.now() }
        yield { ok: view }
      }
    }
  }

  async *watchAll(signal?: AbortSignal): AsyncGenerator<Answer<TaskBoard>, void, void> {
    let told = ''
    let seen = ''
    while (!signal?.aborted) {
      const now = this.#allChanges()
      // What another process works on may have been abandoned without a word in the store.
      if (now !== seen || this.#elsewhere) {
        seen = now
        const board = this.board()
        const text = JSON.stringify(board)
        if (text !== told) {
          told = text
          yield { ok: board }
        }
      }
      await wait(lookUpMs, signal)
    }
  }

  /** A row as a list shows it: of what we work on, the newest we know. */
  #standing(row: StandingRow): TaskStanding {
    if (this.#held.has(row.id)) return standingOf(lineOf(this.get(row.id)))
    const { ownerPid: _pid, ownerSeenAt: _at, ...line } = row
    if (!isAtWork(row.state)) return standingOf(line)
    if (!isAlive(row)) return standingOf(lineOf(this.#adopt(this.row(row.id))))
    this.#elsewhere = true
    return standingOf(line)
  }

  /** A row as a task; one whose process is gone is written down as interrupted first, and what it ran as lost. */
  #adopt(row: TaskRow): Task {
    const task: Task = {
      id: row.id,
      profileId: row.profileId,
      name: row.name,
      createdAt: row.createdAt,
      body: JSON.parse(row.body) as TaskBody,
      state: row.state,
      stateSince: row.stateSince,
      record: readRecord(row.record),
    }
    const { proof, checks, command } = task.record
    // What a person wants run at the cutover may run where a way back is kept, too.
    const lost = command?.state === 'running' ? { ...command, state: 'lost' as const } : null
    if ((!isAtWork(task.state) && lost === null) || isAlive(row)) return task
    const state = !isAtWork(task.state) ? task.state : task.state === 'checking' ? 'draft' : 'interrupted'
    const interrupted: Task = {
      ...task,
      state,
      stateSince: Date.now(),
      record: {
        ...task.record,
        inStepSince: null,
        proof: proof?.running ? null : proof,
        checks: checks?.running ? null : checks,
        command: lost ?? command,
      },
    }
    try {
      this.#write(interrupted, null)
      if (state !== task.state) this.tell(row.id, 'warning', 'task.state', { from: task.state, to: state })
      if (lost !== null) this.tell(row.id, 'warning', 'command.lost', { program: lost.words[0] ?? '' })
    } catch (thrown) {
      // Seen to be so again at the next look.
      rethrowUnlessFull(thrown)
    }
    return interrupted
  }

  /** `before` is how it stood, to go back to where what `announces` a deed cannot be written down. */
  #keep(id: string, before: Held, announces: boolean): void {
    const task = this.#held.get(id)
    if (task === undefined) return
    task.keptAt = Date.now()
    try {
      this.#write(task, process.pid)
      this.#unwritten.delete(id)
    } catch (thrown) {
      if (announces) this.#held.set(id, before)
      if (announces) throw thrown
      rethrowUnlessFull(thrown)
      this.#unwritten.set(id, 'held')
    }
  }

  /** What a full disk did not take. */
  #writeRest(): void {
    for (const [id, how] of this.#unwritten) {
      this.#write(this.#held.get(id)!, how === 'left' ? null : process.pid)
      this.#unwritten.delete(id)
      if (how === 'left') this.#held.delete(id)
    }
    this.#tellUntold()
  }

  #tellUntold(): void {
    for (let next = this.#untold[0]; next !== undefined; next = this.#untold[0]) {
      this.#store.events.add(next.id, next.event)
      this.#untold.shift()
    }
  }

  #write({ id, state, stateSince, record }: Task, ownerPid: number | null): void {
    this.#store.tasks.stand(id, {
      state,
      stateSince,
      record: JSON.stringify(record),
      standing: JSON.stringify(keptStandingOf(record)),
      ownerPid,
      ownerSeenAt: ownerPid === null ? null : Date.now(),
    })
  }

  #wake(): void {
    this.#changes += 1
    this.#looks.clear()
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  /** Resolves at the next change, after `atMostMs`, or when aborted. */
  async #changed(atMostMs: number | null, signal: AbortSignal | undefined): Promise<void> {
    let wake = (): void => undefined
    const changed = new Promise<void>((resolve) => {
      wake = resolve
      this.#waiting.add(resolve)
    })
    signal?.addEventListener('abort', wake, { once: true })
    await (atMostMs === null ? changed : Promise.race([changed, wait(atMostMs, signal)]))
    this.#waiting.delete(wake)
    signal?.removeEventListener('abort', wake)
  }

  /** Another text says that this or another process has written since. */
  #allChanges(): string {
    return `${this.#changes} ${this.#store.foreignWrites()}`
  }

  /** Resolves once any process has written something: what is over changes hardly ever. */
  async #changedSince(before: string, signal: AbortSignal | undefined): Promise<void> {
    while (!signal?.aborted && this.#allChanges() === before) await wait(lookUpMs, signal)
  }

  async #nextStep(id: string, step: string, signal: AbortSignal | undefined): Promise<void> {
    for (let waited = 0; waited < tellEveryMs && !signal?.aborted;) {
      const since = Date.now()
      await this.#changed(tellEveryMs, signal)
      const task = this.#held.get(id)
      if (task === undefined || stepOf(task) !== step) return
      waited += Date.now() - since
    }
  }
}

function rethrowUnlessFull(thrown: unknown): void {
  if (toFailure(thrown).code !== 'store.disk-full') throw thrown
}

function isHeldElsewhere(row: TaskRow): boolean {
  return isAlive(row) && row.ownerPid !== process.pid
}

/** What a person waits for: everything of a task that is no mere figure. */
function stepOf({ state, record }: Task): string {
  const { inStepSince, freeze, proof, checks } = record
  return [state, inStepSince !== null, freeze.state, proof?.running, checks?.running].join()
}

/** Does it but go on with what is under way already? */
function isMereProgress({ freeze, checks }: TaskRecord, changed: Partial<TaskRecord>): boolean {
  return Object.keys(changed).every(
    (name) =>
      name === 'progress' ||
      (name === 'freeze' && changed.freeze?.state === freeze.state) ||
      (name === 'checks' && checks?.running === true && changed.checks?.running === true),
  )
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms)
    function end(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    signal?.addEventListener('abort', end, { once: true })
  })
}
