import type { Failure } from '#contract/failure.ts'
import type { ProfileView } from '#contract/profile.ts'
import type { ConsoleClient } from '../client.ts'

/** The saved profiles, latest change first. */
export class Profiles {
  readonly #client: ConsoleClient
  #all = $state.raw<readonly ProfileView[]>([])
  #state = $state<'loading' | 'ready'>('loading')
  #failure = $state.raw<Failure | null>(null)

  constructor(client: ConsoleClient) {
    this.#client = client
  }

  get all(): readonly ProfileView[] {
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
    const answer = await this.#client.profiles.list()
    this.#failure = 'failed' in answer ? answer.failed : null
    if ('ok' in answer) this.#all = answer.ok
    this.#state = 'ready'
  }

  async remove(id: string): Promise<void> {
    const answer = await this.#client.profiles.remove({ id })
    await this.refresh()
    if ('failed' in answer) this.#failure = answer.failed
  }

  async duplicate(id: string, name: string): Promise<void> {
    const answer = await this.#client.profiles.duplicate({ id, name })
    await this.refresh()
    if ('failed' in answer) this.#failure = answer.failed
  }
}
