import { describe, expect, test } from 'vitest'
import { dbMap, gather, wholeNumber } from './option-values.ts'

describe('what flags take', () => {
  test('a whole number of a range', () => {
    expect(wholeNumber(1, 256)('16')).toBe(16)
    for (const wrong of ['0', '257', '1.5', '-1', '', '1e2', '0x10'])
      expect(() => wholeNumber(1, 256)(wrong)).toThrow('from 1 to 256')
  })

  test('databases and where they go, one at a time or several', () => {
    expect(dbMap('4:1', dbMap('3:0,03:2'))).toEqual({ 3: 2, 4: 1 })
    for (const wrong of ['3', '3:', ':0', '3:x', '3:65536', '3:0,'])
      expect(() => dbMap(wrong)).toThrow('FROM:TO')
  })

  test('several globs', () => {
    expect(gather('b*', gather('a*'))).toEqual(['a*', 'b*'])
  })
})
