import type { Answer } from '#contract/api.ts'
import type { SavedConnection } from '#contract/saved-connection.ts'
import type { ConsoleClient } from '../client.ts'
import type { Kept } from './kept.ts'
import { SavedList } from './saved-list.svelte.ts'

/** The connections kept under a name, by their names. */
export class Connections extends SavedList<SavedConnection> {
  readonly #client: ConsoleClient

  constructor(client: ConsoleClient, kept: Kept) {
    super(kept, 'connections')
    this.#client = client
  }

  protected list(): Promise<Answer<readonly SavedConnection[]>> {
    return this.#client.connections.list()
  }

  async duplicate(id: string, name: string): Promise<void> {
    await this.changed(await this.#client.connections.duplicate({ id, name }))
  }

  async remove(id: string): Promise<void> {
    await this.changed(await this.#client.connections.remove({ id }))
  }
}
