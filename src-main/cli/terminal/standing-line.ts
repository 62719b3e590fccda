import type { ProgressStream } from './progress-view.ts'
import type { Style } from './style.ts'
import { wrap } from './wrap.ts'

const sentenceEveryMs = 5_000

/**
 * A line about something that goes on, and what belongs to it below, one line each: drawn again in place on a terminal;
 * elsewhere the first line is said every few seconds.
 */
export class StandingLine {
  readonly #stream: ProgressStream
  readonly #style: Style
  /** Lines that stand on the terminal. */
  #drawn = 0
  #said = ''
  #saidAt = 0

  constructor(stream: ProgressStream, style: Style) {
    this.#stream = stream
    this.#style = style
  }

  show(text: string): void {
    if (this.#style.redraws) {
      const { columns = 80 } = this.#stream
      const [first = '', ...below] = text.split('\n')
      const lines = [...wrap(first, columns - 1).split('\n'), ...below].map((line) =>
        line.slice(0, columns - 1),
      )
      this.#stream.write(`${this.#away()}${lines.join('\n')}`)
      this.#drawn = lines.length
      return
    }
    const [line = ''] = text.split('\n')
    if (line === this.#said || Date.now() - this.#saidAt < sentenceEveryMs) return
    this.#stream.write(`${line}\n`)
    this.#said = line
    this.#saidAt = Date.now()
  }

  /** Takes what is drawn away, so that whatever is written next stands on a clean one. */
  clear(): void {
    if (this.#drawn > 0) this.#stream.write(this.#away())
    this.#drawn = 0
  }

  /** To the first line's beginning, and nothing left below. */
  #away(): string {
    const up = this.#drawn > 1 ? `\u001b[${this.#drawn - 1}A` : ''
    return `\r${up}\u001b[J`
  }
}
