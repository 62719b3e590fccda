import type { Failure } from '#contract/failure.ts'
import { isUrlInput, nameInput } from '#contract/input-name.ts'
import type { FileReport } from '#contract/inspect.ts'
import type { ConsoleClient } from '../client.ts'
import type { Problem } from './connection-draft.svelte.ts'

/** One backup that has been named: a file that has been read, or a URL that is fetched when the restore starts. */
export interface RestoreInput {
  readonly input: string
  /** As it may be shown: a URL without its secrets. */
  readonly name: string
  /** Null for a URL: it is read when it has been fetched. */
  readonly report: FileReport | null
}

export interface Reading {
  readonly name: string
  readonly bytesDone: number
  /** 0 while not known. */
  readonly bytesTotal: number
}

/** The backups of a restore, in the order they were named. Only what could be read is among them. */
export class RestoreInputs {
  #all = $state.raw<readonly RestoreInput[]>([])
  #shown = $state<string | null>(null)
  #reading = $state.raw<Reading | null>(null)
  #failure = $state.raw<Failure | null>(null)
  #stop = new AbortController()

  get all(): readonly RestoreInput[] {
    return this.#all
  }

  /** The one whose card is shown. */
  get shown(): RestoreInput | null {
    return this.#all.find(({ input }) => input === this.#shown) ?? null
  }

  get reading(): Reading | null {
    return this.#reading
  }

  /** Why the last one named could not be read, or chosen. */
  get failure(): Failure | null {
    return this.#failure
  }

  get reports(): readonly FileReport[] {
    return this.#all.flatMap(({ report }) => report ?? [])
  }

  /** Whether the keys of every one are known: of those not read yet, and of append-only files, they are not. */
  get areKnown(): boolean {
    return this.#all.length > 0 && this.#all.every(({ report }) => report !== null && report.aof === null)
  }

  /** Whether commands are among them: what comes of those is known only where they are applied. */
  get hasAof(): boolean {
    return this.reports.some(({ aof }) => aof !== null)
  }

  /** When the append-only files among them were written, as far as they tell; null where none does. */
  get times(): { readonly first: number; readonly last: number } | null {
    const times = this.reports.flatMap(({ aof }) => aof?.times ?? [])
    if (times.length === 0) return null
    return {
      first: Math.min(...times.map(({ first }) => first)),
      last: Math.max(...times.map(({ last }) => last)),
    }
  }

  /** Null while they are not known. */
  get keys(): number | null {
    return this.areKnown ? this.reports.reduce((sum, { keys }) => sum + keys, 0) : null
  }

  get problems(): readonly Problem[] {
    if (this.#reading !== null) return [{ field: 'restore-file', word: 'restore.file.unread' }]
    return this.#all.length === 0 ? [{ field: 'restore-file', word: 'restore.file.missing' }] : []
  }

  show(input: string): void {
    this.#shown = input
    this.#failure = null
  }

  remove(input: string): void {
    this.#all = this.#all.filter((one) => one.input !== input)
    this.#shown = this.#all[0]?.input ?? null
  }

  refuse(failure: Failure): void {
    this.#failure = failure
  }

  /** Reads a file from end to end and takes it among the others; a URL is taken as it is. The newest choice wins. */
  async add(client: ConsoleClient, input: string): Promise<boolean> {
    this.#stop.abort()
    const stop = new AbortController()
    this.#stop = stop
    this.#failure = null
    this.#reading = null
    if (isUrlInput(input)) {
      this.#take({ input, name: nameInput(input), report: null })
      return true
    }
    this.#reading = { name: input, bytesDone: 0, bytesTotal: 0 }
    for await (const answer of await client.files.inspect({ path: input }, { signal: stop.signal })) {
      if (stop.signal.aborted) return false
      if ('failed' in answer) {
        this.#failure = answer.failed
        this.#shown = null
      } else if ('report' in answer.ok) this.#take({ input, name: input, report: answer.ok.report })
      else this.#reading = { name: input, ...answer.ok.progress }
    }
    if (stop.signal.aborted) return false
    this.#reading = null
    return this.#failure === null
  }

  /** Gives up reading the one under way. */
  cancel(): void {
    this.#stop.abort()
    this.#reading = null
  }

  /** Reads several files, one after the other, up to the first that cannot be read; whether there was none. */
  async addAll(client: ConsoleClient, inputs: readonly string[]): Promise<boolean> {
    for (const input of inputs) if (!(await this.add(client, input))) return false
    return true
  }

  /** Takes them as they are named; they are read when the restore starts. */
  name(inputs: readonly string[]): void {
    for (const input of inputs) this.#take({ input, name: nameInput(input), report: null })
  }

  #take(added: RestoreInput): void {
    const at = this.#all.findIndex(({ input }) => input === added.input)
    this.#all = at < 0 ? [...this.#all, added] : this.#all.with(at, added)
    this.#shown = added.input
  }
}
