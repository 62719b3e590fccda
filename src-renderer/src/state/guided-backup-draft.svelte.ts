import { untrack } from 'svelte'
import { placeOf } from '#contract/connection.ts'
import type { GuidedBackupInput, GuidedBackupView } from '#contract/guided-backup.ts'
import type { Answer } from '#contract/api.ts'
import type { ConsoleClient } from '../client.ts'
import { ConnectionDraft, type Problem } from './connection-draft.svelte.ts'
import { typedPasswords } from './typed-passwords.ts'

/** A move by backup being put together. */
export class GuidedBackupDraft {
  readonly source = new ConnectionDraft('source')
  readonly target = new ConnectionDraft('target')
  folder = $state('')

  /** One below the home of whoever runs the host, where none is named yet. */
  proposeFolder(home: string): void {
    if (untrack(() => this.folder) === '') this.folder = `${home}/keyferry-backups`
  }

  get problems(): readonly Problem[] {
    return [
      ...this.source.problems,
      ...this.target.problems,
      ...(this.#sidesAgree() ? [{ field: 'target-host', word: 'migration.target.same' } as const] : []),
      ...(this.folder.trim() === ''
        ? [{ field: 'guided-folder', word: 'guided.folder.missing' } as const]
        : []),
    ]
  }

  /** Only without problems. */
  async begin(client: ConsoleClient): Promise<Answer<GuidedBackupView>> {
    const input: GuidedBackupInput = {
      source: this.source.endpoint!,
      target: this.target.endpoint!,
      folder: this.folder.trim(),
    }
    return await client.guidedBackups.create({
      ...input,
      passwords: typedPasswords(this.source, this.target),
    })
  }

  #sidesAgree(): boolean {
    const { connection: source } = this.source
    const { connection: target } = this.target
    return source !== null && target !== null && placeOf(source) === placeOf(target)
  }
}
