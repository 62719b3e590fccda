import { describe, expect, it } from 'vitest'
import { parseDbMap, parsePatterns } from './restore-fields.ts'

describe('databases', () => {
  it('reads pairs however they are separated', () => {
    expect(parseDbMap('3:0, 4:1\n5:5')).toEqual({ 3: 0, 4: 1, 5: 5 })
  })

  it.each(['', '3', '3:', 'a:0', '3:0 3:1', '1:70000', '-1:0'])('refuses %j', (text) => {
    expect(parseDbMap(text)).toBeNull()
  })
})

it('takes one glob a line and leaves blank lines out', () => {
  expect(parsePatterns(' user:* \n\nsess:?\n')).toEqual(['user:*', 'sess:?'])
})
