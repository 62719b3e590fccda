import type { Failure } from '#contract/failure.ts'
import type { ProfileView } from '#contract/profile.ts'
import { largestProfileFile } from '#contract/profile-file.ts'
import type { ConsoleClient } from '../client.ts'
import { saveFile } from './save-file.ts'

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

  /** Hands a profile over to be saved as a file, without its secrets. */
  async export(id: string): Promise<void> {
    const answer = await this.#client.profiles.export({ id })
    this.#failure = 'failed' in answer ? answer.failed : null
    if ('ok' in answer) saveFile(answer.ok.name, answer.ok.text, 'application/json')
  }

  /** Makes a profile of each file; the first that is none is told, the others are made all the same. */
  async import(files: readonly File[]): Promise<void> {
    let refused: Failure | null = null
    for (const file of files) {
      const answer = await this.#client.profiles.import({
        name: file.name.slice(-300),
        text: file.size > largestProfileFile ? '' : await file.text(),
      })
      if ('failed' in answer) refused ??= answer.failed
    }
    await this.refresh()
    if (refused !== null) this.#failure = refused
  }
}
