import { escapeKey } from '#contract/escape-key.ts'
import { examplesKept, type KeyFinder } from './look.ts'

const askedAtOnce = 2_000

/** Asks for each key by itself, many at once: of a cluster, EXISTS takes the keys of one slot only. */
export class EachKeyFinder implements KeyFinder {
  found = 0
  readonly examples: { readonly db: number; readonly key: string }[] = []
  readonly #isThere: (key: Uint8Array) => Promise<boolean>
  #asked: Promise<void>[] = []

  /** For targets that have database 0 only. */
  constructor(isThere: (key: Uint8Array) => Promise<boolean>) {
    this.#isThere = isThere
  }

  add(_db: number, key: Uint8Array): Promise<void> | undefined {
    this.#asked.push(this.#ask(Buffer.from(key)))
    return this.#asked.length >= askedAtOnce ? this.finish() : undefined
  }

  async finish(): Promise<void> {
    await Promise.all(this.#asked.splice(0))
  }

  async #ask(key: Buffer): Promise<void> {
    if (!(await this.#isThere(key))) return
    this.found += 1
    if (this.examples.length < examplesKept) this.examples.push({ db: 0, key: escapeKey(key) })
  }
}
