import { describe, expect, it } from 'vitest'
import { richParts } from '../ui/rich-parts.ts'
import { resources } from './locales.ts'

/** Plural forms of English fold into the one form Chinese and Korean have. */
const keysOf = (words: object): string[] =>
  Object.keys(words)
    .filter((key) => !key.endsWith('_one'))
    .sort()

const placeholdersOf = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort()

describe.each(['zh', 'ko'] as const)('%s', (locale) => {
  const words: Readonly<Record<string, string>> = resources[locale]

  it('says everything English says, and nothing else', () => {
    expect(keysOf(words)).toEqual(keysOf(resources.en))
  })

  it.each(keysOf(resources.en))('%s fills the same places', (key) => {
    const english: Readonly<Record<string, string>> = resources.en
    expect(placeholdersOf(words[key] ?? '')).toEqual(placeholdersOf(english[key] ?? ''))
  })
})

describe.each(Object.entries(resources))('%s', (_, words) => {
  it('leaves no mark open and no text empty', () => {
    for (const [key, text] of Object.entries(words)) {
      expect(text, key).not.toBe('')
      const shown = richParts(text)
        .map((part) => part.text)
        .join('')
      expect(shown, key).not.toMatch(/\*\*|`/)
    }
  })
})

describe('Korean', () => {
  it('puts no particle right after a filled-in value', () => {
    for (const [key, text] of Object.entries(resources.ko))
      expect(text, key).not.toMatch(/\}[`*]*(은|는|이|가|을|를|과|와|으로|로)(\s|$|[.,])/)
  })
})
