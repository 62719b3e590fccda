import type { Answer } from '#contract/api.ts'
import type { Failure } from '#contract/failure.ts'
import type { SavedConnection } from '#contract/saved-connection.ts'
import type { ConsoleClient } from '../client.ts'

/** The connections kept under a name, by their names. */
export class Connections {
  readonly #client: ConsoleClient
  #all = $state.raw<readonly SavedConnection[]>([])
  #state = $state<'loading' | 'ready'>('loading')
  #failure = $state.raw<Failure | null>(null)

  constructor(client: ConsoleClient) {
    this.#client = client
  }

  get all(): readonly SavedConnection[] {
    return this.#all
  }

  get state(): 'loading' | 'ready' {
    return this.#state
  }

  /** Why the list could not be had, or the last change was refused. */
  get failure(): Failure | null {
    return this.#failure
  }

  async refresh(): Promise<void> {
    const answer = await this.#client.connections.list()
    this.#failure = 'failed' in answer ? answer.failed : null
    if ('ok' in answer) this.#all = answer.ok
    this.#state = 'ready'
  }

  async duplicate(id: string, name: string): Promise<void> {
    await this.#changed(await this.#client.connections.duplicate({ id, name }))
  }

  async remove(id: string): Promise<void> {
    await this.#changed(await this.#client.connections.remove({ id }))
  }

  async #changed(answer: Answer<unknown>): Promise<void> {
    await this.refresh()
    if ('failed' in answer) this.#failure = answer.failed
  }
}
