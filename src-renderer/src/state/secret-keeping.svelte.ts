import type { Answer } from '#contract/api.ts'
import type { Failure } from '#contract/failure.ts'
import { shortestPassphrase, type KeyKeeping, type SecretKeeping } from '#contract/secret-keeping.ts'
import type { ConsoleClient } from '../client.ts'
import type { Problem } from './connection-draft.svelte.ts'

/** How stored secrets are kept, as it is looked at and changed on the settings page. */
export class SecretKeepingDraft {
  readonly #client: ConsoleClient
  standing = $state.raw<SecretKeeping | null>(null)
  failure = $state.raw<Failure | null>(null)
  keeping = $state<KeyKeeping>('key-file')
  passphrase = $state('')

  constructor(client: ConsoleClient) {
    this.#client = client
  }

  /** What keeps the choice from being made. */
  get problems(): readonly Problem[] {
    if (this.keeping === 'key-file' || this.passphrase.length >= shortestPassphrase) return []
    return [{ field: 'secrets-passphrase', word: 'secrets.passphrase.short' }]
  }

  async open(): Promise<void> {
    this.#take(await this.#client.secrets.standing())
  }

  async unlock(): Promise<void> {
    this.#take(await this.#client.secrets.unlock({ passphrase: this.passphrase }))
  }

  async keep(): Promise<void> {
    const { keeping, passphrase } = this
    this.#take(
      await this.#client.secrets.keep(keeping === 'key-file' ? { keeping } : { keeping, passphrase }),
    )
  }

  #take(answer: Answer<SecretKeeping>): void {
    this.failure = 'failed' in answer ? answer.failed : null
    if ('failed' in answer) return
    this.standing = answer.ok
    this.keeping = answer.ok.keeping
    this.passphrase = ''
  }
}
