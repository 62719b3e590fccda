import { namesEn } from './names-en.ts'
import { namesKo } from './names-ko.ts'
import { namesZh } from './names-zh.ts'
import type { Locale } from './say-failure.ts'

/** Every name of ours in one language; a name without words does not compile. */
export type NameWords = Readonly<Record<keyof typeof namesEn, string>>

export const names: Readonly<Record<Locale, NameWords>> = { en: namesEn, zh: namesZh, ko: namesKo }

/** Says what a record calls by a name of ours, as a check or a state; a name not known (any more) stays as it is. */
export function sayName(
  kind:
    | 'access'
    | 'breach'
    | 'changed'
    | 'check'
    | 'consent'
    | 'difference.kind'
    | 'functions'
    | 'side'
    | 'task.state',
  name: string,
  locale: Locale,
): string {
  const known: Readonly<Record<string, string>> = names[locale]
  return known[`${kind}.${name}`] ?? name
}
