import { describe, expect, test } from 'vitest'
import { progressLine, progressSentence, type ProgressFigures } from './progress-line.ts'

const figures: ProgressFigures = {
  bytesDone: 195_263_653,
  bytesTotal: 348_685_095,
  keysDone: 1_123_456,
  keysTotal: 2_000_000,
  keysPerSecond: 345_200,
  etaSeconds: 3.2,
}

describe('the progress line', () => {
  test('tells everything where there is room', () => {
    expect(progressLine('Writing', figures, 120, true)).toBe(
      'Writing █████████████░░░░░░░░░░░ 55% · 186 MiB of 333 MiB · 1,123,456 of 2,000,000 keys · 345k keys/s · 0:04 left',
    )
  })

  test('keeps what matters most on 80 columns', () => {
    const line = progressLine('Writing', figures, 80, false)
    expect(line).toMatch(/^Writing \[#+\.+\] 55% \| 186 MiB of 333 MiB \| 345k keys\/s \| 0:04 left$/)
  })

  test('never fills the last column, however narrow the terminal', () => {
    for (let columns = 1; columns <= 200; columns += 1)
      expect(progressLine('Looking at the target', figures, columns, true).length).toBeLessThan(columns)
  })

  test('says what holds it back', () => {
    expect(progressSentence('Writing', { ...figures, limitedBy: 'bytes' })).toContain('held to --max-bytes')
    expect(progressSentence('Writing', { ...figures, limitedBy: null })).not.toContain('held')
  })

  test('does without what is not known', () => {
    const unknown = { ...figures, keysDone: 0, keysTotal: null, keysPerSecond: 0, etaSeconds: null }
    expect(progressSentence('Checking', unknown)).toBe('Checking: 55%, 186 MiB of 333 MiB')
  })

  test('shows an empty file as nothing done rather than as a division by zero', () => {
    expect(progressSentence('Checking', { ...figures, bytesDone: 0, bytesTotal: 0 })).toContain('0%')
  })
})
