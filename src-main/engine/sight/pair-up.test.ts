import { expect, test } from 'vitest'
import { pairUp } from './pair-up.ts'
import { noValue, type Unit, type ValueSide } from './value-side.ts'

const unit = (name: string, value: string): Unit => ({
  name: Buffer.from(name),
  parts: [Buffer.from(value)],
  expireAt: -1,
})

function sideOf(units: readonly Unit[], cut = false): ValueSide {
  return {
    ...noValue,
    sight: { type: 'hash', encoding: null, length: cut ? null : units.length, expireAt: -1, cut },
    slice: () => Promise.resolve({ units, next: null }),
    find: (names) => Promise.resolve(names.map((name) => units.find((one) => one.name.equals(name)) ?? null)),
  }
}

const target = sideOf([unit('a', '1'), unit('b', 'other'), unit('behind', '3')])
const namesOf = async (source: ValueSide): Promise<string[]> =>
  (await pairUp(source, target, undefined, false)).rows.map(({ name }) => atob(name.base64))

test('what differs is told, then what only the target has', async () => {
  expect(await namesOf(sideOf([unit('a', '1'), unit('b', '2'), unit('c', '3')]))).toEqual([
    'b',
    'c',
    'behind',
  ])
})

test('of a source that was not read to its end nothing is said to be missing there', async () => {
  expect(await namesOf(sideOf([unit('a', '1'), unit('b', '2')], true))).toEqual(['b'])
})
