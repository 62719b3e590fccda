import type { Failure } from '#contract/failure.ts'
import type { RestorePlan } from '#contract/restore-plan.ts'
import type { RestoreProgress, RestoreRequest } from '#contract/restore.ts'
import type { ConsoleClient } from '../client.ts'

/** One dry run of a restore: what it found is about the very request it was made with. */
export class Trial {
  #plan = $state.raw<RestorePlan | null>(null)
  #progress = $state.raw<RestoreProgress | null>(null)
  #failure = $state.raw<Failure | null>(null)
  #isRunning = $state(false)
  #about = $state('')
  #stop = new AbortController()

  get plan(): RestorePlan | null {
    return this.#plan
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** How far it is, or was. */
  get progress(): RestoreProgress | null {
    return this.#progress
  }

  get failure(): Failure | null {
    return this.#failure
  }

  /** Whether what was found is about this request. */
  isAbout(request: RestoreRequest | null): boolean {
    return request !== null && this.#about === JSON.stringify(request)
  }

  async run(client: ConsoleClient, request: RestoreRequest): Promise<void> {
    this.cancel()
    const stop = new AbortController()
    this.#stop = stop
    this.#failure = null
    this.#plan = null
    this.#about = JSON.stringify(request)
    this.#isRunning = true
    for await (const answer of await client.restores.plan(request, { signal: stop.signal })) {
      if (stop.signal.aborted) return
      if ('failed' in answer) this.#failure = answer.failed
      else if ('plan' in answer.ok) this.#plan = answer.ok.plan
      else this.#progress = answer.ok.progress
    }
    if (!stop.signal.aborted) this.#isRunning = false
  }

  cancel(): void {
    this.#stop.abort()
    this.#isRunning = false
    this.#progress = null
  }
}
