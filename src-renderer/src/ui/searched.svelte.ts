import { Gradually } from './gradually.svelte.ts'

/** A list that fits the eye needs no search. */
export const searchFrom = 8

/** The rows of a list that can be searched by the texts of each, whatever their letters' case. */
export class Searched<Row> {
  /** What is sought, as it was typed. */
  sought = $state('')
  readonly #all: () => readonly Row[]
  readonly #textsOf: (row: Row) => readonly string[]
  readonly #found = $derived.by(() => {
    const sought = this.sought.trim().toLocaleLowerCase()
    return this.#all().filter((row) =>
      this.#textsOf(row).some((text) => text.toLocaleLowerCase().includes(sought)),
    )
  })
  readonly #gradually: Gradually<Row>

  /** To be called while a component is made. */
  constructor(all: () => readonly Row[], textsOf: (row: Row) => readonly string[]) {
    this.#all = all
    this.#textsOf = textsOf
    this.#gradually = new Gradually(() => this.#found)
  }

  get isOffered(): boolean {
    return this.#all().length >= searchFrom
  }

  /** Those that are found, made gradually. */
  get rows(): readonly Row[] {
    return this.#gradually.rows
  }
}
