import { SvelteMap } from 'svelte/reactivity'
import type { Answer } from '#contract/api.ts'
import type { Failure } from '#contract/failure.ts'
import { isOver, type TaskView } from '#contract/task.ts'
import type { ConsoleClient } from '../client.ts'

/** All tasks, as the host tells them; one is followed closely while its page is open. */
export class Tasks {
  readonly #client: ConsoleClient
  readonly #views = new SvelteMap<string, TaskView>()
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

  /** Newest first. */
  get all(): readonly TaskView[] {
    return [...this.#views.values()].sort((a, b) => b.createdAt - a.createdAt)
  }

  /** Begun and not over. */
  get open(): readonly TaskView[] {
    return this.all.filter((task) => !isOver(task.state) && task.startedAt !== null)
  }

  get(id: string): TaskView | undefined {
    return this.#views.get(id)
  }

  /** The newest task of a profile that has not been started yet. */
  unstartedOf(profile: string): TaskView | undefined {
    return this.all.find(
      (task) => task.profileId === profile && task.startedAt === null && !isOver(task.state),
    )
  }

  /** Follows the list for as long as the window lives. */
  async watchAll(): Promise<void> {
    if (this.#watching) return
    this.#watching = true
    for await (const answer of await this.#client.tasks.watchAll()) {
      this.#state = 'ready'
      this.#failure = 'failed' in answer ? answer.failed : null
      if ('failed' in answer) continue
      for (const id of [...this.#views.keys()])
        if (!answer.ok.some((task) => task.id === id)) this.#views.delete(id)
      for (const task of answer.ok) this.#take(task)
    }
    this.#watching = false
  }

  /** Follows one task, four times a second at most, until the signal is aborted. */
  async follow(id: string, signal: AbortSignal): Promise<Failure | null> {
    for await (const answer of await this.#client.tasks.watch({ id }, { signal })) {
      if ('failed' in answer) return answer.failed
      this.#take(answer.ok)
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
    this.#views.delete(id)
    return null
  }

  #take(task: TaskView): void {
    this.#views.set(task.id, task)
  }
}
