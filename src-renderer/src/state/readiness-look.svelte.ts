import type { Failure } from '#contract/failure.ts'
import type { Passwords } from '#contract/profile.ts'
import type { ReadinessProgress, ReadinessReport, ReadinessRequest } from '#contract/readiness.ts'
import type { ConsoleClient } from '../client.ts'
import { Deeds } from './deeds.svelte.ts'
import { saveFile } from './save-file.ts'

/** One look at what applications ask. It ends with the page that shows it. */
export class ReadinessLook extends Deeds {
  readonly #client: ConsoleClient
  report = $state.raw<ReadinessReport | null>(null)
  progress = $state.raw<ReadinessProgress | null>(null)
  /** When the first was told of, ms since the epoch: a live server is looked at from then on. */
  since = $state.raw<number | null>(null)
  #isRunning = $state(false)
  #stop = new AbortController()

  constructor(client: ConsoleClient) {
    super()
    this.#client = client
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** Resolves at its end. */
  async begin(request: ReadinessRequest): Promise<void> {
    await this.send((passwords) => this.#look(request, passwords))
  }

  stop(): void {
    this.#stop.abort()
    this.#isRunning = false
  }

  save(): void {
    saveFile('keyferry-readiness.json', `${JSON.stringify(this.report, null, 2)}\n`, 'application/json')
  }

  async #look(request: ReadinessRequest, passwords: Passwords | undefined): Promise<Failure | null> {
    this.stop()
    const stop = new AbortController()
    this.#stop = stop
    this.report = null
    this.progress = null
    this.since = null
    this.#isRunning = true
    const asked = 'profile' in request && passwords !== undefined ? { ...request, passwords } : request
    let failure: Failure | null = null
    for await (const answer of await this.#client.readiness.look(asked, { signal: stop.signal })) {
      if (stop.signal.aborted) return null
      if ('failed' in answer) failure = answer.failed
      else if ('report' in answer.ok) this.report = answer.ok.report
      else {
        this.progress = answer.ok.progress
        this.since ??= Date.now()
      }
    }
    if (!stop.signal.aborted) this.#isRunning = false
    return failure
  }
}
