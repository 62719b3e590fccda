import { describe, expect, it } from 'vitest'
import { saySlots } from '#contract/selection.ts'
import {
  parseDatabases,
  parseDbMap,
  parseDbPrefixes,
  parsePatterns,
  parseSlots,
  sayDbMap,
  sayDbPrefixes,
} from './restore-fields.ts'

describe('databases', () => {
  it('reads pairs however they are separated', () => {
    expect(parseDbMap('3:0, 4:1\n5:5')).toEqual({ 3: 0, 4: 1, 5: 5 })
  })

  it.each(['', '3', '3:', 'a:0', '3:0 3:1', '1:70000', '-1:0'])('refuses %j', (text) => {
    expect(parseDbMap(text)).toBeNull()
  })

  it('reads a list of them, each once', () => {
    expect(parseDatabases(' 0, 3 3')).toEqual([0, 3])
    expect(parseDatabases('')).toEqual([])
    expect(parseDatabases('0, x')).toBeNull()
    expect(parseDatabases('65536')).toBeNull()
  })

  it('reads a prefix for each, whatever it holds', () => {
    expect(parseDbPrefixes('3:orders:\n4:{eu}-')).toEqual({ 3: 'orders:', 4: '{eu}-' })
    expect(parseDbPrefixes('')).toEqual({})
    for (const wrong of ['orders:', '3:', '3', '3:a\n3:b']) expect(parseDbPrefixes(wrong)).toBeNull()
  })
})

it('reads slots alone and in ranges, none beyond the last', () => {
  expect(parseSlots('0-5460, 12000')).toEqual([
    { from: 0, to: 5460 },
    { from: 12000, to: 12000 },
  ])
  expect(parseSlots(' ')).toEqual([])
  for (const wrong of ['5-1', '16384', '0-16384', 'a', '1-2-3']) expect(parseSlots(wrong)).toBeNull()
})

it('takes one glob a line and leaves blank lines out', () => {
  expect(parsePatterns(' user:* \n\nsess:?\n')).toEqual(['user:*', 'sess:?'])
})

it('what is kept is shown as it is typed', () => {
  const map = { 3: 0, 4: 1 }
  expect(parseDbMap(sayDbMap(map))).toEqual(map)
  const slots = [
    { from: 0, to: 5460 },
    { from: 12_000, to: 12_000 },
  ]
  expect(saySlots(slots)).toBe('0-5460, 12000')
  expect(parseSlots(saySlots(slots))).toEqual(slots)
  const prefixes = { 0: 'zero:', 3: 'orders:of:' }
  expect(parseDbPrefixes(sayDbPrefixes(prefixes))).toEqual(prefixes)
})
