import type { Failure } from '#contract/failure.ts'
import type { Passwords } from '#contract/profile.ts'

type Sent = (passwords: Passwords | undefined) => Promise<Failure | null>

/** What a person does with one thing: keeps the refusal, and asks for passwords that are kept nowhere. */
export class Deeds {
  failure = $state.raw<Failure | null>(null)
  /** A password is asked for; `give` goes on with the deed. */
  #asking = $state(false)
  #waiting: Sent | null = null

  get asking(): boolean {
    return this.#asking
  }

  /** The dialog that asks is opened or closed. */
  ask(open: boolean): void {
    this.#asking = open
  }

  /** The passwords asked for have been typed: the deed that waited for them goes on. */
  async give(passwords: Passwords): Promise<void> {
    if (this.#waiting !== null) await this.send(this.#waiting, passwords)
  }

  /** Whether it was done. */
  protected async send(deed: Sent, passwords?: Passwords): Promise<boolean> {
    this.failure = null
    const failure = await deed(passwords)
    if (failure?.code === 'task.password-needed') {
      this.#waiting = deed
      this.#asking = true
      return false
    }
    this.#waiting = null
    this.failure = failure
    return failure === null
  }
}
