import type { Answer } from '#contract/api.ts'
import type { GuidedBackupView } from '#contract/guided-backup.ts'
import type { ConsoleClient } from '../client.ts'
import type { Kept } from './kept.ts'
import { SavedList } from './saved-list.svelte.ts'

/** The moves by backup, newest first. */
export class GuidedBackups extends SavedList<GuidedBackupView> {
  readonly #client: ConsoleClient

  constructor(client: ConsoleClient, kept: Kept) {
    super(kept, 'guidedBackups')
    this.#client = client
  }

  protected list(): Promise<Answer<readonly GuidedBackupView[]>> {
    return this.#client.guidedBackups.list()
  }
}
