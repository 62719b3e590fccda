import type { Answer } from '#contract/api.ts'
import type { Failure } from '#contract/failure.ts'

/** What is kept under names, as a page lists it. */
export abstract class SavedList<One> {
  #all = $state.raw<readonly One[]>([])
  #state = $state<'loading' | 'ready'>('loading')
  #failure = $state.raw<Failure | null>(null)

  get all(): readonly One[] {
    return this.#all
  }

  get state(): 'loading' | 'ready' {
    return this.#state
  }

  /** Why the list could not be had, or the last change was refused. */
  get failure(): Failure | null {
    return this.#failure
  }

  protected abstract list(): Promise<Answer<readonly One[]>>

  async refresh(): Promise<void> {
    const answer = await this.list()
    this.tell(answer)
    if ('ok' in answer) this.#all = answer.ok
    this.#state = 'ready'
  }

  /** Shows the list as it is after a change, and why that was refused, if it was. */
  protected async changed(answer: Answer<unknown>): Promise<void> {
    await this.refresh()
    if ('failed' in answer) this.#failure = answer.failed
  }

  /** Shows what became of something that leaves the list as it is. */
  protected tell(answer: Answer<unknown>): void {
    this.#failure = 'failed' in answer ? answer.failed : null
  }
}
