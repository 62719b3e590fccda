import { expect, test } from 'vitest'
import { Sampler } from './sampler.ts'

function chosen(total: number, wanted: number): number[] {
  const sampler = new Sampler(total, wanted)
  return Array.from({ length: total }, (_, at) => at).filter(() => sampler.take())
}

test('as many as wanted, one in each stretch', () => {
  const places = chosen(10_000, 100)
  expect(places).toHaveLength(100)
  expect(places.map((at) => Math.floor(at / 100))).toEqual(Array.from({ length: 100 }, (_, at) => at))
  expect(chosen(10_000, 100)).not.toEqual(places)
})

test('all where there are no more than wanted', () => {
  expect(chosen(7, 100)).toHaveLength(7)
  expect(chosen(100, 100)).toHaveLength(100)
  expect(chosen(0, 100)).toEqual([])
})

test('a stretch that is no whole number of keys', () => {
  for (let turn = 0; turn < 100; turn += 1) {
    expect(chosen(1_000, 300)).toHaveLength(300)
    expect(chosen(14, 5)).toHaveLength(5)
    expect(chosen(14, 13)).toHaveLength(13)
  }
})
