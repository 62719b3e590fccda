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

  /** Shows how they are kept now; a choice that is being made stays, unless it is another question by now. */
  async open(): Promise<void> {
    const answer = await this.#client.secrets.standing()
    const before = this.standing
    const isTouched = before !== null && (this.passphrase !== '' || this.keeping !== before.keeping)
    if (isTouched && 'ok' in answer && answer.ok.locked === before.locked) this.standing = answer.ok
    else this.#take(answer)
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
