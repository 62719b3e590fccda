import { describe, expect, test } from 'vitest'
import { events, sayEvent } from './say-event.ts'
import type { Locale } from './say-failure.ts'
import { findings, sayFinding } from './say-finding.ts'
import { placeholdersOf } from './template.ts'

const locales = ['en', 'zh', 'ko'] as const satisfies readonly Locale[]
const names = (template: string): string[] =>
  placeholdersOf(template)
    .map(({ name, form }) => `${name}:${form}`)
    .sort()

/** A value for every param any sentence may use. */
const everything: Readonly<Record<string, string | number>> = Object.fromEntries(
  [...Object.values(events.en), ...Object.values(findings.en).flatMap((words) => Object.values(words))]
    .flatMap((template) => placeholdersOf(template))
    .map(({ name }) => [name, ['keys', 'bytes', 'free', 'needed'].includes(name) ? 2 : `<${name}>`]),
)

describe.each(locales)('what happened to a task, in %s', (locale) => {
  test.each(Object.keys(findings.en) as (keyof typeof findings.en)[])('finding %s', (finding) => {
    const said = sayFinding({ finding, params: everything }, locale)
    expect(said.found).toMatch(/[.。)]$/u)
    for (const part of ['found', 'why', 'mend'] as const) {
      expect(said[part]).not.toMatch(/[[\]{}|]|undefined| {2}|^ | $/)
      expect(names(findings[locale][finding][part])).toEqual(names(findings.en[finding][part]))
      expect(said[part] === '').toBe(findings.en[finding][part] === '')
    }
  })

  test.each(Object.keys(events.en) as (keyof typeof events.en)[])('event %s', (code) => {
    expect(sayEvent({ code, params: everything }, locale)).toMatch(/[.。)]$/u)
    expect(sayEvent({ code, params: everything }, locale)).not.toMatch(/[[\]{}|]|undefined| {2}|^ | $/)
    expect(names(events[locale][code])).toEqual(names(events.en[code]))
  })
})

test('a failure is told in its own words', () => {
  const event = { code: 'task.failed', params: { code: 'connect.refused', address: 'h:1' } } as const
  expect(sayEvent(event, 'en')).toContain('h:1')
})
