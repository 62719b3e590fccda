import type { Answer } from '#contract/api.ts'
import type { Failure } from '#contract/failure.ts'
import type { GuidedBackupView, GuidedOrder } from '#contract/guided-backup.ts'
import type { ConsoleClient } from '../client.ts'
import { Deeds } from './deeds.svelte.ts'
import { whileShown } from './while-shown.ts'

/** One move by backup, followed, and what a person does with it. */
export class GuidedBackupDeeds extends Deeds {
  readonly #client: ConsoleClient
  readonly #id: string
  /** Null until the host has told of it. */
  view = $state.raw<GuidedBackupView | null>(null)
  /** Why it cannot be shown. */
  gone = $state.raw<Failure | null>(null)

  constructor(client: ConsoleClient, id: string) {
    super()
    this.#client = client
    this.#id = id
  }

  /** Until `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    const subscribe = (shown: AbortSignal) =>
      this.#client.guidedBackups.watch({ id: this.#id }, { signal: shown })
    for await (const answer of whileShown(subscribe, signal)) {
      if ('ok' in answer) this.view = answer.ok
      else this.gone = answer.failed
    }
  }

  /** The step that is shown: where another console has done it meanwhile, nothing is begun. */
  proceed(order: Omit<GuidedOrder, 'passwords' | 'step'> = {}): Promise<boolean> {
    const step = this.view?.step ?? 'look'
    return this.send((passwords) =>
      this.#take(
        this.#client.guidedBackups.proceed({
          id: this.#id,
          order: { step, ...order, ...(passwords !== undefined && { passwords }) },
        }),
      ),
    )
  }

  cancel(): Promise<boolean> {
    return this.send(() => this.#take(this.#client.guidedBackups.cancel({ id: this.#id })))
  }

  unfreeze(): Promise<boolean> {
    return this.send(() => this.#take(this.#client.guidedBackups.unfreeze({ id: this.#id })))
  }

  remove(): Promise<boolean> {
    return this.send(async () => {
      const answer = await this.#client.guidedBackups.remove({ id: this.#id })
      return 'failed' in answer ? answer.failed : null
    })
  }

  async #take(deed: Promise<Answer<GuidedBackupView>>): Promise<Failure | null> {
    const answer = await deed
    if ('failed' in answer) return answer.failed
    this.view = answer.ok
    return null
  }
}
