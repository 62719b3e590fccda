import { SvelteMap } from 'svelte/reactivity'
import type { Answer, RestoreView } from '#contract/api.ts'
import type { Failure } from '#contract/failure.ts'
import type { RestoreOrder } from '#contract/limits.ts'
import type { InterruptedRestore, RestorePhase, RestoreRequest } from '#contract/restore.ts'
import type { VerifyMode } from '#contract/verify.ts'
import type { ConsoleClient } from '../client.ts'
import type { DifferenceSource } from './difference-list.svelte.ts'
import { keepEqualParts } from './equal-parts.ts'
import { Series } from './series.svelte.ts'
import { whileShown } from './while-shown.ts'

/** Phases in which writing is under way, be it held back: their rates are plotted. */
const plotted: ReadonlySet<RestorePhase> = new Set(['writing', 'replaying', 'waiting', 'paused'])

/** The restores of this run of the host, newest first, each followed while it runs. */
export class Restores {
  readonly #client: ConsoleClient
  readonly #views = new SvelteMap<string, RestoreView>()
  // Not read by any template: a series is reactive in itself, and who is followed concerns nobody else.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #rates = new Map<string, Series>()
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #followed = new Set<string>()
  #state = $state<'loading' | 'ready'>('loading')
  #failure = $state.raw<Failure | null>(null)
  #interrupted = $state.raw<readonly InterruptedRestore[]>([])

  constructor(client: ConsoleClient) {
    this.#client = client
  }

  get state(): 'loading' | 'ready' {
    return this.#state
  }

  /** Why the list could not be had; what was known before stays. */
  get failure(): Failure | null {
    return this.#failure
  }

  /** Those that ended without being done, in whatever run of the app: begun again, each goes on. */
  get interrupted(): readonly InterruptedRestore[] {
    return this.#interrupted
  }

  get all(): readonly RestoreView[] {
    return [...this.#views.values()].sort((a, b) => b.startedAt - a.startedAt)
  }

  get running(): readonly RestoreView[] {
    return this.all.filter((view) => view.state === 'running')
  }

  get(id: string): RestoreView | undefined {
    return this.#views.get(id)
  }

  /** Keys and bytes a second over time, as seen by this window. */
  rateOf(id: string): Series {
    let series = this.#rates.get(id)
    if (series === undefined) {
      series = new Series()
      this.#rates.set(id, series)
    }
    return series
  }

  async refresh(): Promise<void> {
    const answer = await this.#client.restores.list()
    if ('failed' in answer) {
      this.#failure = answer.failed
    } else {
      this.#failure = null
      for (const view of answer.ok) this.#take(view)
    }
    await this.#refreshInterrupted()
    this.#state = 'ready'
  }

  async #refreshInterrupted(): Promise<void> {
    const answer = await this.#client.restores.interrupted()
    if ('ok' in answer) this.#interrupted = answer.ok
  }

  /** Forgets an interrupted one. */
  async forget(id: string): Promise<void> {
    const answer = await this.#client.restores.forget({ id })
    this.#failure = 'failed' in answer ? answer.failed : null
    await this.#refreshInterrupted()
  }

  /** Starts a restore and follows it; the new view, or why it did not start. */
  async start(request: RestoreRequest): Promise<{ started: RestoreView } | { failed: Failure }> {
    const answer = await this.#client.restores.start(request)
    if ('failed' in answer) return answer
    this.#take(answer.ok)
    return { started: answer.ok }
  }

  /** Goes on with one that has failed or was cancelled; the new view, or why it did not start. */
  async again(id: string): Promise<{ started: RestoreView } | { failed: Failure }> {
    const answer = await this.#client.restores.again({ id })
    if ('failed' in answer) return answer
    this.#take(answer.ok)
    return { started: answer.ok }
  }

  /** Ends it, or its comparison; why that was refused, or null. */
  cancel(id: string): Promise<Failure | null> {
    return this.#act(this.#client.restores.cancel({ id }))
  }

  /** Pauses it, goes on, or sets its limits; why that was refused, or null. */
  order(id: string, order: RestoreOrder): Promise<Failure | null> {
    return this.#act(this.#client.restores.order({ id, order }))
  }

  /** Compares its target with its files; why that was refused, or null. */
  compare(
    id: string,
    options: { readonly mode: VerifyMode; readonly repair: boolean; readonly deleteExtra: boolean },
  ): Promise<Failure | null> {
    return this.#act(this.#client.restores.compare({ id, ...options }))
  }

  /** What its newest comparison has found. */
  differencesOf(id: string): DifferenceSource {
    return {
      differences: (query) => this.#client.restores.differences({ id, ...query }),
      look: (at, part, signal) => this.#client.restores.look({ id, at, part }, { signal }),
      file: (form) => this.#client.restores.differencesFile({ id, form }),
    }
  }

  async #act(deed: Promise<Answer<RestoreView>>): Promise<Failure | null> {
    const answer = await deed
    if ('failed' in answer) return answer.failed
    this.#take(answer.ok)
    return null
  }

  #take(view: RestoreView): void {
    this.#views.set(view.id, keepEqualParts(this.#views.get(view.id) ?? view, view))
    const { phase, elapsedMs, keysPerSecond, bytesPerSecond } = view.progress
    if (view.state === 'running' && plotted.has(phase))
      this.rateOf(view.id).add(view.startedAt + elapsedMs, [keysPerSecond, bytesPerSecond])
    const isMoving = view.state === 'running' || view.comparison?.state === 'running'
    if (isMoving && !this.#followed.has(view.id)) void this.#follow(view.id)
  }

  async #follow(id: string): Promise<void> {
    this.#followed.add(id)
    try {
      for await (const answer of whileShown((signal) => this.#client.restores.watch({ id }, { signal }))) {
        if ('failed' in answer) this.#failure = answer.failed
        else this.#take(answer.ok)
      }
    } finally {
      this.#followed.delete(id)
      void this.#refreshInterrupted()
    }
  }
}
