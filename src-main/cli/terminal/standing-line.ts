import type { ProgressStream } from './progress-view.ts'
import type { Style } from './style.ts'

const sentenceEveryMs = 5_000

/** One line about something that goes on: drawn again in place on a terminal, else said every few seconds. */
export class StandingLine {
  readonly #stream: ProgressStream
  readonly #style: Style
  #drawn = false
  #said = ''
  #saidAt = 0

  constructor(stream: ProgressStream, style: Style) {
    this.#stream = stream
    this.#style = style
  }

  show(text: string): void {
    if (this.#style.redraws) {
      const { columns = 80 } = this.#stream
      this.#stream.write(`\r${text.slice(0, columns - 1)}\u001b[K`)
      this.#drawn = true
    } else if (text !== this.#said && Date.now() - this.#saidAt >= sentenceEveryMs) {
      this.#stream.write(`${text}\n`)
      this.#said = text
      this.#saidAt = Date.now()
    }
  }

  /** Takes the line away, so that whatever is written next stands on a clean one. */
  clear(): void {
    if (this.#drawn) this.#stream.write('\r\u001b[K')
    this.#drawn = false
  }
}
