import { expect, test } from 'vitest'
import { Rates } from './rates.ts'

test('rates are those of the last seconds, and nothing while nothing grows', () => {
  const rates = new Rates()
  expect(rates.look(0, 0, 0)).toEqual({ writesPerSecond: 0, bytesPerSecond: 0 })
  expect(rates.look(100, 500, 500)).toEqual({ writesPerSecond: 0, bytesPerSecond: 0 })
  expect(rates.look(1_000, 1_000, 50_000)).toEqual({ writesPerSecond: 1_000, bytesPerSecond: 50_000 })
  for (let at = 2_000; at <= 8_000; at += 1_000) rates.look(at, 1_000, 50_000)
  expect(rates.look(9_000, 1_000, 50_000)).toEqual({ writesPerSecond: 0, bytesPerSecond: 0 })
})

test('a count that began anew is no rate below nothing', () => {
  const rates = new Rates()
  rates.look(0, 900, 900)
  expect(rates.look(1_000, 10, 10)).toEqual({ writesPerSecond: 0, bytesPerSecond: 0 })
})
