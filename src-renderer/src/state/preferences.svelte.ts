import type { Failure } from '#contract/failure.ts'
import type { Housekeeping, Preferences, UpdateNews } from '#contract/preferences.ts'
import type { ConsoleClient } from '../client.ts'
import type { Problem } from './connection-draft.svelte.ts'
import { keepEqualParts } from './equal-parts.ts'
import { LimitsDraft } from './limits-draft.svelte.ts'

/** What a person prefers, as it is being changed on the settings page. */
export class PreferencesDraft {
  readonly #client: ConsoleClient
  readonly limits = new LimitsDraft()
  feed = $state('')
  housekeeping = $state.raw<Housekeeping | null>(null)
  failure = $state.raw<Failure | null>(null)
  /** Why the feed told nothing. */
  feedFailure = $state.raw<Failure | null>(null)
  news = $state.raw<UpdateNews | null>(null)
  state = $state<'loading' | 'ready'>('loading')
  #kept = $state('')
  #keptAs: Preferences | null = null
  /** What another console has kept since, where something was changed here. */
  newer = $state.raw<Preferences | null>(null)

  constructor(client: ConsoleClient) {
    this.#client = client
  }

  get problems(): readonly Problem[] {
    const feed = this.feed.trim()
    const isAddress = feed === '' || /^https?:$/.test(URL.parse(feed)?.protocol ?? '')
    return [
      ...this.limits.problems('settings'),
      ...(isAddress ? [] : [{ field: 'settings-feed', word: 'settings.feed.wrong' } as const]),
    ]
  }

  /** Whether everything shown is kept by the host. */
  get isKept(): boolean {
    return this.#kept === JSON.stringify(this.#preferences)
  }

  /** Shows what the host keeps now; what a person has changed and not saved stays, and that there is something newer is told. */
  async open(): Promise<void> {
    const [preferences, housekeeping] = await Promise.all([
      this.#client.preferences.get(),
      this.#client.preferences.housekeeping(),
    ])
    if ('ok' in housekeeping) this.housekeeping = housekeeping.ok
    if (this.state === 'loading' || this.isKept) this.#take(preferences)
    else if ('ok' in preferences && !isSame(preferences.ok, this.#keptAs)) this.newer = preferences.ok
    this.state = 'ready'
  }

  /** Drops what was changed here for what another console has kept since. */
  showNewer(): void {
    if (this.newer !== null) this.#take({ ok: this.newer })
  }

  async save(): Promise<void> {
    this.news = null
    this.feedFailure = null
    this.#take(await this.#client.preferences.set(this.#preferences))
  }

  async askFeed(): Promise<void> {
    await this.save()
    if (this.failure !== null) return
    const answer = await this.#client.preferences.updates()
    this.feedFailure = 'failed' in answer ? answer.failed : null
    this.news = 'ok' in answer ? answer.ok : null
  }

  get #preferences(): Preferences {
    const feed = this.feed.trim()
    return { limits: this.limits.limits, updateFeed: feed === '' ? null : feed }
  }

  #take(answer: Awaited<ReturnType<ConsoleClient['preferences']['get']>>): void {
    this.failure = 'failed' in answer ? answer.failed : null
    if ('failed' in answer) return
    this.newer = null
    this.#keptAs = answer.ok
    this.limits.show(answer.ok.limits)
    this.feed = answer.ok.updateFeed ?? ''
    this.#kept = JSON.stringify(this.#preferences)
  }
}

function isSame(one: Preferences, other: Preferences | null): boolean {
  return other !== null && keepEqualParts(other, one) === other
}
