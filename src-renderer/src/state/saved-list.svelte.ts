import type { Answer } from '#contract/api.ts'
import type { Failure } from '#contract/failure.ts'
import type { KeptName } from '#contract/kept.ts'
import { keepEqualParts } from './equal-parts.ts'
import type { Kept } from './kept.ts'

/** What is kept under names, as a page lists it: while it is shown it follows what anybody makes of it. */
export abstract class SavedList<One> {
  readonly #kept: Kept
  readonly #name: KeptName
  #all = $state.raw<readonly One[]>([])
  #state = $state<'loading' | 'ready'>('loading')
  /** Why the list could not be had. */
  #unread = $state.raw<Failure | null>(null)
  /** Why the last deed was refused: what others do meanwhile does not take it from a person's eyes. */
  #refused = $state.raw<Failure | null>(null)

  constructor(kept: Kept, name: KeptName) {
    this.#kept = kept
    this.#name = name
  }

  get all(): readonly One[] {
    return this.#all
  }

  get state(): 'loading' | 'ready' {
    return this.#state
  }

  /** Why the list could not be had, or the last change was refused. */
  get failure(): Failure | null {
    return this.#refused ?? this.#unread
  }

  protected abstract list(): Promise<Answer<readonly One[]>>

  /** A page shows it from now on, and until the returned function is called: for an effect. */
  show(): () => void {
    this.#refused = null
    return this.#kept.on(this.#name, () => void this.refresh())
  }

  async refresh(): Promise<void> {
    const answer = await this.list()
    this.#unread = 'failed' in answer ? answer.failed : null
    if ('ok' in answer) this.#all = keepEqualParts(this.#all, answer.ok)
    this.#state = 'ready'
  }

  /** Shows the list as it is after a change, and why that was refused, if it was. */
  protected async changed(answer: Answer<unknown>): Promise<void> {
    this.tell(answer)
    await this.refresh()
  }

  /** Shows what became of something that leaves the list as it is. */
  protected tell(answer: Answer<unknown>): void {
    this.#refused = 'failed' in answer ? answer.failed : null
  }
}
