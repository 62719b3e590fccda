import { createInstance } from 'i18next'
import { numberFormat } from '#contract/words/intl.ts'
import { remember, remembered } from '../state/remembered.ts'
import { shieldValue } from '../ui/rich-parts.ts'
import { localeNames, resources, type Locale } from './locales.ts'
import type { WordKey } from './words.ts'

export type WordParams = Readonly<Record<string, string | number>>

const i18next = createInstance()
void i18next.init({
  lng: 'en',
  fallbackLng: false,
  initAsync: false,
  keySeparator: false,
  nsSeparator: false,
  resources: Object.fromEntries(
    Object.entries(resources).map(([name, words]) => [name, { translation: words }]),
  ),
  interpolation: { prefix: '{', suffix: '}', escapeValue: false },
})

const startLocale = remembered('locale', isLocale) ?? systemLocale()

class Language {
  #locale = $state<Locale>(startLocale)

  get locale(): Locale {
    return this.#locale
  }

  /** Everything on the page follows at once; the choice is kept for the next start. */
  set locale(next: Locale) {
    this.#locale = next
    remember('locale', next)
    document.documentElement.lang = next
  }
}

/** The language shown now. */
export const language = new Language()
document.documentElement.lang = startLocale

/**
 * The words of a key in the language shown. `{name}` in them is filled from `params`; a number there is written the
 * language's way, and a `count` chooses the plural form.
 */
export function t(key: WordKey, params: WordParams = {}): string {
  const locale = language.locale
  const filled: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(params))
    filled[name] = typeof value === 'number' ? numberFormat(locale).format(value) : shieldValue(value)
  const { count } = params
  if (typeof count !== 'number') return i18next.t(key, { lng: locale, ...filled })
  return i18next.t(key, { lng: locale, ...filled, count, n: filled['count'] })
}

function systemLocale(): Locale {
  for (const tag of navigator.languages) {
    const language = tag.slice(0, 2)
    if (isLocale(language)) return language
  }
  return 'en'
}

function isLocale(value: string): value is Locale {
  return Object.hasOwn(localeNames, value)
}
