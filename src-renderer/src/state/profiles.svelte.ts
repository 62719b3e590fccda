import type { Answer } from '#contract/api.ts'
import type { ProfileView } from '#contract/profile.ts'
import { largestProfileFile } from '#contract/profile-file.ts'
import type { ConsoleClient } from '../client.ts'
import type { Kept } from './kept.ts'
import { saveFile } from './save-file.ts'
import { SavedList } from './saved-list.svelte.ts'

/** The saved profiles, latest change first. */
export class Profiles extends SavedList<ProfileView> {
  readonly #client: ConsoleClient

  constructor(client: ConsoleClient, kept: Kept) {
    super(kept, 'profiles')
    this.#client = client
  }

  protected list(): Promise<Answer<readonly ProfileView[]>> {
    return this.#client.profiles.list()
  }

  async remove(id: string): Promise<void> {
    await this.changed(await this.#client.profiles.remove({ id }))
  }

  async duplicate(id: string, name: string): Promise<void> {
    await this.changed(await this.#client.profiles.duplicate({ id, name }))
  }

  /** Hands a profile over to be saved as a file, without its secrets. */
  async export(id: string): Promise<void> {
    const answer = await this.#client.profiles.export({ id })
    this.tell(answer)
    if ('ok' in answer) saveFile(answer.ok.name, answer.ok.text, 'application/json')
  }

  /** Makes a profile of each file; the first that is none is told, the others are made all the same. */
  async import(files: readonly File[]): Promise<void> {
    let first: Answer<unknown> = { ok: null }
    for (const file of files) {
      const answer = await this.#client.profiles.import({
        name: file.name.slice(-300),
        text: file.size > largestProfileFile ? '' : await file.text(),
      })
      if (!('failed' in first)) first = answer
    }
    await this.changed(first)
  }
}
