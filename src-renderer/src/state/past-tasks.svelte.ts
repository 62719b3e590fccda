import type { Failure } from '#contract/failure.ts'
import type { TaskStanding } from '#contract/task.ts'
import type { ConsoleClient } from '../client.ts'

const pageLength = 50

/** The tasks that are over, page by page, the latest end first. */
export class PastTasks {
  readonly #client: ConsoleClient
  #shown = $state.raw<readonly TaskStanding[]>([])
  #count = $state(0)
  #failure = $state.raw<Failure | null>(null)
  #search = ''
  /** Counts what was asked for: an answer that comes late is none any more. */
  #asked = 0

  constructor(client: ConsoleClient) {
    this.#client = client
  }

  get shown(): readonly TaskStanding[] {
    return this.#shown
  }

  /** How many there are with this search, shown or not. */
  get count(): number {
    return this.#count
  }

  get failure(): Failure | null {
    return this.#failure
  }

  /** Those that match, from the first on; as many as are shown already, for the same search. */
  async read(search: string): Promise<void> {
    const limit = search === this.#search ? Math.max(pageLength, this.#shown.length) : pageLength
    this.#search = search
    await this.#read({ offset: 0, limit: Math.min(200, limit) })
  }

  /** Forgets all that are over, as far as the search finds them. */
  async clear(): Promise<void> {
    const answer = await this.#client.tasks.clearHistory({ search: this.#search })
    await this.read(this.#search)
    if ('failed' in answer) this.#failure = answer.failed
  }

  async more(): Promise<void> {
    await this.#read({ offset: this.#shown.length, limit: pageLength })
  }

  async #read({ offset, limit }: { offset: number; limit: number }): Promise<void> {
    this.#asked += 1
    const asked = this.#asked
    const answer = await this.#client.tasks.past({ search: this.#search, offset, limit })
    if (asked !== this.#asked) return
    this.#failure = 'failed' in answer ? answer.failed : null
    if ('failed' in answer) return
    this.#count = answer.ok.count
    this.#shown = [...this.#shown.slice(0, offset), ...answer.ok.tasks]
  }
}
