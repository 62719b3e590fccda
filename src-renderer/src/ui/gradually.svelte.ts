import { afterDrawing } from './after-drawing.ts'

/** Rows made in one task: about as many as fill a screen. */
const rowsAtOnce = 14

/** The rows of a long table: those of a screen at first, as many more after each drawing, so that it opens at once. */
export class Gradually<Row> {
  readonly #all: () => readonly Row[]
  #count = $state(rowsAtOnce)

  /** To be called while a component is made. */
  constructor(all: () => readonly Row[]) {
    this.#all = all
    $effect(() => {
      if (this.#count < all().length) return afterDrawing(() => (this.#count += rowsAtOnce))
    })
  }

  get rows(): readonly Row[] {
    return this.#all().slice(0, this.#count)
  }
}
