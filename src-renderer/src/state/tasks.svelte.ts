import { SvelteMap } from 'svelte/reactivity'
import type { Answer } from '#contract/api.ts'
import type { Failure } from '#contract/failure.ts'
import type { TaskBoard, TaskStanding, TaskView } from '#contract/task.ts'
import { isOver } from '#contract/task-states.ts'
import type { ConsoleClient } from '../client.ts'
import { beat, withNextBeat } from './beat.ts'
import { keepEqualParts } from './equal-parts.ts'
import { whileShown } from './while-shown.ts'

const noTask: TaskBoard = { open: [], over: { count: 0, latest: 0 } }

/** How all tasks stand, as the host tells it; one is known whole while its page is open. */
export class Tasks {
  readonly #client: ConsoleClient
  readonly #views = new SvelteMap<string, TaskView>()
  #board = $state.raw(noTask)
  #state = $state<'loading' | 'ready'>('loading')
  #failure = $state.raw<Failure | null>(null)
  #watching = false

  constructor(client: ConsoleClient) {
    this.#client = client
  }

  get state(): 'loading' | 'ready' {
    return this.#state
  }

  /** Why the list could not be had; what was known before stays. */
  get failure(): Failure | null {
    return this.#failure
  }

  /** Begun and not over, newest first. */
  get open(): readonly TaskStanding[] {
    return this.#board.open.filter((task) => task.startedAt !== null)
  }

  /** Not begun yet, newest first. */
  get unstarted(): readonly TaskStanding[] {
    return this.#board.open.filter((task) => task.startedAt === null)
  }

  /** How many are over, and since when the latest: another figure, another list. */
  get over(): TaskBoard['over'] {
    return this.#board.over
  }

  /** The whole of a task that is followed, or was. */
  get(id: string): TaskView | undefined {
    return this.#views.get(id)
  }

  /** The newest task of a profile that has not been started yet. */
  unstartedOf(profile: string): TaskStanding | undefined {
    return this.unstarted.find((task) => task.profileId === profile)
  }

  /** Follows the board for as long as the window lives. */
  async watchAll(): Promise<void> {
    if (this.#watching) return
    this.#watching = true
    for await (const answer of whileShown((signal) => this.#client.tasks.watchAll(undefined, { signal }))) {
      const isFirst = this.#state === 'loading'
      withNextBeat(() => {
        this.#state = 'ready'
        this.#failure = 'failed' in answer ? answer.failed : null
        if ('ok' in answer) this.#board = keepEqualParts(this.#board, answer.ok)
      })
      if (isFirst) beat()
    }
    this.#watching = false
  }

  /** Follows one task until the signal is aborted; why it cannot be, or null. */
  async follow(id: string, signal: AbortSignal): Promise<Failure | null> {
    const subscribe = (shown: AbortSignal) => this.#client.tasks.watch({ id }, { signal: shown })
    let told: TaskView | undefined
    for await (const answer of whileShown(subscribe, signal)) {
      if ('failed' in answer) {
        // Another console has removed it.
        if (answer.failed.code === 'task.not-found') this.#views.delete(id)
        return answer.failed
      }
      // Each subscription tells all of it first.
      told = { ...(told as TaskView), ...answer.ok }
      this.#take(told)
    }
    return null
  }

  /** Carries out an action and takes its answer; why it was refused, or null. */
  async act(action: Promise<Answer<TaskView>>): Promise<Failure | null> {
    const answer = await action
    if ('failed' in answer) return answer.failed
    this.#take(answer.ok)
    return null
  }

  async remove(id: string): Promise<Failure | null> {
    const answer = await this.#client.tasks.remove({ id })
    if ('failed' in answer) return answer.failed
    beat()
    this.#views.delete(id)
    this.#board = { ...this.#board, open: this.#board.open.filter((task) => task.id !== id) }
    return null
  }

  /** The board's next news is up to a second away: what is known already need not wait for it. */
  #take(task: TaskView): void {
    beat()
    this.#views.set(task.id, keepEqualParts(this.#views.get(task.id) ?? task, task))
    const others = this.#board.open.filter(({ id }) => id !== task.id)
    const open = isOver(task.state) ? others : [task, ...others].sort((a, b) => b.createdAt - a.createdAt)
    this.#board = { ...this.#board, open }
  }
}
