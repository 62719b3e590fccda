import { describe, expect, it, vi } from 'vitest'
import { formatBytes, formatCompact, formatTimeWithin } from '../i18n/format.ts'
import { byteSteps, countSteps, timeSteps } from './plot-steps.ts'

// The language in use is a rune, which only what is compiled has.
vi.mock('../i18n/i18n.svelte.ts', () => ({ language: { locale: 'en' }, t: String }))

/** More marks than any plot here is high or wide enough for. */
const marks = 12

describe('the marks of a plot', () => {
  it.each([
    ['counts', countSteps, formatCompact],
    ['bytes', byteSteps, formatBytes],
  ] as const)('never read the same twice: %s', (_, steps, write) => {
    for (const step of steps) {
      const written = Array.from({ length: marks }, (__, at) => write(at * step))
      expect(new Set(written).size, `${step}: ${written.join(', ')}`).toBe(marks)
    }
  })

  it('never read the same twice: times of a few seconds, of a day, of weeks', () => {
    const begun = Date.UTC(2026, 10, 22, 10, 50, 35)
    for (const step of timeSteps) {
      const times = Array.from({ length: marks }, (_, at) => begun + at * step * 1000)
      const written = times.map((moment) => formatTimeWithin(moment, marks * step * 1000))
      expect(new Set(written).size, `${step} s: ${written.join(', ')}`).toBe(marks)
    }
  })

  it('stand at whole units of bytes', () => {
    expect([1, 2, 3, 4].map((at) => formatBytes(at * 2 ** 18))).toEqual([
      '256 KiB',
      '512 KiB',
      '768 KiB',
      '1 MiB',
    ])
  })
})
