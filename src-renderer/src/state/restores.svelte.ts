import { SvelteMap, SvelteSet } from 'svelte/reactivity'
import type { Answer } from '#contract/api.ts'
import type { Failure } from '#contract/failure.ts'
import type { RestoreOrder } from '#contract/limits.ts'
import type { RestorePhase, RestoreRequest } from '#contract/restore.ts'
import type { InterruptedView, RestoreNews, RestoreStanding, RestoreView } from '#contract/restore-view.ts'
import type { VerifyMode } from '#contract/verify.ts'
import type { ConsoleClient } from '../client.ts'
import { beat, withNextBeat } from './beat.ts'
import type { DifferenceSource } from './difference-list.svelte.ts'
import { keepEqualParts } from './equal-parts.ts'
import type { Kept } from './kept.ts'
import { Series } from './series.svelte.ts'
import { whileShown } from './while-shown.ts'

/** Phases in which writing is under way, be it held back: their rates are plotted. */
const plotted: ReadonlySet<RestorePhase> = new Set(['writing', 'replaying', 'waiting', 'paused'])

/** How all restores of this run of the host stand, as the host tells it; one is known whole while its page is open. */
export class Restores {
  readonly #client: ConsoleClient
  readonly #kept: Kept
  readonly #standings = new SvelteMap<string, RestoreStanding>()
  readonly #views = new SvelteMap<string, RestoreView>()
  /** Those that are known whole at this moment. */
  readonly #followed = new SvelteSet<string>()
  // Not read by any template: a series is reactive in itself.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #rates = new Map<string, Series>()
  #state = $state<'loading' | 'ready'>('loading')
  #failure = $state.raw<Failure | null>(null)
  /** Why the last deed at the list was refused. */
  #refused = $state.raw<Failure | null>(null)
  #interrupted = $state.raw<readonly InterruptedView[]>([])
  #knowsInterrupted = $state(false)
  #watching = false
  /** What has ended is drawn again only where it has changed, and that is hardly ever. */
  #endedBefore: readonly RestoreStanding[] = []

  readonly #all = $derived.by(() =>
    [...this.#standings.values()]
      .map((standing): RestoreStanding => {
        const whole = this.#followed.has(standing.id) ? this.#views.get(standing.id) : undefined
        return whole ?? standing
      })
      .sort((a, b) => b.startedAt - a.startedAt),
  )
  readonly #running = $derived(this.#all.filter(({ state }) => state === 'running'))
  readonly #ended = $derived.by(() => {
    // eslint-disable-next-line svelte/prefer-svelte-reactivity
    const listedElsewhere = new Set(this.#interrupted.map(({ run }) => run))
    const ended = this.#all.filter(({ id, state }) => state !== 'running' && !listedElsewhere.has(id))
    const before = this.#endedBefore
    const isSame = ended.length === before.length && ended.every((one, at) => one === before[at])
    if (!isSame) this.#endedBefore = ended
    return this.#endedBefore
  })

  constructor(client: ConsoleClient, kept: Kept) {
    this.#client = client
    this.#kept = kept
  }

  /** `ready` once all that is listed is known, interrupted ones too. */
  get state(): 'loading' | 'ready' {
    return this.#knowsInterrupted ? this.#state : 'loading'
  }

  /** Why the list could not be had, or the last deed was refused; what was known before stays. */
  get failure(): Failure | null {
    return this.#refused ?? this.#failure
  }

  /** Those that ended without being done, in whatever run of the app: begun again, each goes on. */
  get interrupted(): readonly InterruptedView[] {
    return this.#interrupted
  }

  /** Newest first, as the others. */
  get running(): readonly RestoreStanding[] {
    return this.#running
  }

  /** Without those that are interrupted: they are listed as such. */
  get ended(): readonly RestoreStanding[] {
    return this.#ended
  }

  standingOf(id: string): RestoreStanding | undefined {
    return this.#standings.get(id)
  }

  /** The whole of a restore that is followed, or was. */
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

  /** Follows how all of them stand for as long as the window lives. */
  async watchAll(): Promise<void> {
    if (this.#watching) return
    this.#watching = true
    for await (const answer of whileShown((signal) =>
      this.#client.restores.watchAll(undefined, { signal }),
    )) {
      const isFirst = this.#state === 'loading'
      withNextBeat(() => {
        this.#state = 'ready'
        this.#failure = 'failed' in answer ? answer.failed : null
        if ('ok' in answer) this.#hear(answer.ok)
      })
      if (isFirst) beat()
    }
    this.#watching = false
  }

  /** Follows one until the signal is aborted; why it cannot be, or null. */
  async follow(id: string, signal: AbortSignal): Promise<Failure | null> {
    this.#followed.add(id)
    const subscribe = (shown: AbortSignal) => this.#client.restores.watch({ id }, { signal: shown })
    try {
      for await (const answer of whileShown(subscribe, signal)) {
        if ('failed' in answer) return answer.failed
        this.#take(answer.ok)
      }
      return null
    } finally {
      this.#followed.delete(id)
    }
  }

  /** A page lists them from now on, interrupted ones too, and until the returned function is called: for an effect. */
  show(): () => void {
    this.#refused = null
    return this.#kept.on('interrupted', () => void this.#refreshInterrupted())
  }

  async #refreshInterrupted(): Promise<void> {
    const answer = await this.#client.restores.interrupted()
    if ('ok' in answer) this.#interrupted = keepEqualParts(this.#interrupted, answer.ok)
    this.#knowsInterrupted = true
  }

  /** Forgets an interrupted one. */
  async forget(id: string): Promise<void> {
    const answer = await this.#client.restores.forget({ id })
    this.#refused = 'failed' in answer ? answer.failed : null
    await this.#refreshInterrupted()
  }

  /** Starts a restore; its view, or why it did not start. */
  async start(request: RestoreRequest): Promise<{ started: RestoreView } | { failed: Failure }> {
    return this.#begun(await this.#client.restores.start(request))
  }

  /** Goes on with one that has failed or was cancelled; the new view, or why it did not start. */
  async again(id: string): Promise<{ started: RestoreView } | { failed: Failure }> {
    return this.#begun(await this.#client.restores.again({ id }))
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

  #begun(answer: Answer<RestoreView>): { started: RestoreView } | { failed: Failure } {
    if ('failed' in answer) return answer
    this.#take(answer.ok)
    return { started: answer.ok }
  }

  #hear({ isWhole, restores }: RestoreNews): void {
    // eslint-disable-next-line svelte/prefer-svelte-reactivity
    const told = new Set(restores.map(({ id }) => id))
    if (isWhole) for (const id of this.#standings.keys()) if (!told.has(id)) this.#forgetAll(id)
    for (const news of restores) {
      const before = this.#standings.get(news.id)
      const standing = { ...before, ...news } as RestoreStanding
      this.#standings.set(news.id, before === undefined ? standing : keepEqualParts(before, standing))
      this.#plot(standing)
    }
  }

  /** The host does not know it: it was started anew. */
  #forgetAll(id: string): void {
    this.#standings.delete(id)
    this.#views.delete(id)
    this.#rates.delete(id)
  }

  #take(view: RestoreView): void {
    beat()
    this.#views.set(view.id, keepEqualParts(this.#views.get(view.id) ?? view, view))
    this.#plot(view)
  }

  #plot({ id, state, startedAt, progress }: RestoreStanding): void {
    const { phase, elapsedMs, keysPerSecond, bytesPerSecond } = progress
    if (state === 'running' && plotted.has(phase))
      this.rateOf(id).add(startedAt + elapsedMs, [keysPerSecond, bytesPerSecond])
  }
}
