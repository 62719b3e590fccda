import { SvelteMap } from 'svelte/reactivity'
import type { Answer } from '#contract/api.ts'
import type { DifferenceKind } from '#contract/difference.ts'
import type {
  DifferencePage,
  DifferenceQuery,
  DifferencesForm,
  ListedDifference,
} from '#contract/difference-page.ts'
import type { Failure } from '#contract/failure.ts'
import type { KeySight, SightPart } from '#contract/sight.ts'
import type { TextFile } from '#contract/text-file.ts'
import { saveFile } from './save-file.ts'

/** Where the differences of one comparison are asked for. */
export interface DifferenceSource {
  differences(query: DifferenceQuery): Promise<Answer<DifferencePage>>
  look(at: number, part: SightPart, signal: AbortSignal): Promise<Answer<KeySight>>
  file(form: DifferencesForm): Promise<Answer<TextFile>>
}

const pageRows = 100

/** The differences of one comparison, of which only those are fetched that are looked at. */
export class DifferenceList {
  readonly #source: DifferenceSource
  readonly #pages = new SvelteMap<number, readonly ListedDifference[]>()
  /** Pages that were asked for: no template reads it. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  #asked = new Set<number>()
  #filter = $state.raw<{ readonly kind: DifferenceKind | 'all'; readonly text: string }>({
    kind: 'all',
    text: '',
  })
  /** The pages are those of the filter before. */
  #isStale = false
  #total = $state<number | null>(null)
  #failure = $state.raw<Failure | null>(null)

  constructor(source: DifferenceSource) {
    this.#source = source
    void this.show(0, 1)
  }

  /** As many as the filter lets through; null while that is not known. */
  get total(): number | null {
    return this.#total
  }

  get failure(): Failure | null {
    return this.#failure
  }

  get kind(): DifferenceKind | 'all' {
    return this.#filter.kind
  }

  get text(): string {
    return this.#filter.text
  }

  /** Undefined while it is on its way. */
  at(index: number): ListedDifference | undefined {
    return this.#pages.get(Math.floor(index / pageRows))?.[index % pageRows]
  }

  /** What was known before stays until the new answer is there. */
  async filter(kind: DifferenceKind | 'all', text: string): Promise<void> {
    this.#filter = { kind, text }
    // eslint-disable-next-line svelte/prefer-svelte-reactivity
    this.#asked = new Set()
    this.#isStale = true
    await this.show(0, 1)
  }

  /** Fetches what is not known of [from, to). */
  async show(from: number, to: number): Promise<void> {
    const asking: Promise<void>[] = []
    for (let page = Math.floor(from / pageRows); page * pageRows < to; page += 1)
      if (!this.#asked.has(page)) asking.push(this.#fetch(page))
    await Promise.all(asking)
  }

  async save(form: DifferencesForm): Promise<void> {
    const answer = await this.#source.file(form)
    this.#failure = 'failed' in answer ? answer.failed : null
    if ('ok' in answer)
      saveFile(answer.ok.name, answer.ok.text, form === 'csv' ? 'text/csv' : 'application/json')
  }

  async #fetch(page: number): Promise<void> {
    const asked = this.#asked
    asked.add(page)
    const { kind, text } = this.#filter
    const answer = await this.#source.differences({
      text,
      from: page * pageRows,
      limit: pageRows,
      ...(kind !== 'all' && { kind }),
    })
    if (asked !== this.#asked) return
    this.#failure = 'failed' in answer ? answer.failed : null
    if ('failed' in answer) {
      asked.delete(page)
      return
    }
    if (this.#isStale) this.#pages.clear()
    this.#isStale = false
    this.#total = answer.ok.total
    this.#pages.set(page, answer.ok.rows)
  }
}
