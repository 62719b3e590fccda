import type { Locale } from '#contract/words/say-failure.ts'
import { localeOf, wordsFor, type DesktopWords } from './words.ts'

/** The language of what the system shows of us: its own, until the console is shown in another. */
export class Speech {
  #locale: Locale
  readonly #listeners: (() => void)[] = []

  /** `systemLocale` as the system names it. */
  constructor(systemLocale: string) {
    this.#locale = localeOf(systemLocale)
  }

  get locale(): Locale {
    return this.#locale
  }

  get words(): DesktopWords {
    return wordsFor(this.#locale)
  }

  speak(locale: Locale): void {
    if (locale === this.#locale) return
    this.#locale = locale
    for (const listener of this.#listeners) listener()
  }

  /** Has what is on the screen already said anew, after every change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }
}
