import { expect, test } from 'vitest'
import { sameElements } from './hash-table.ts'

const set = 2
const hash = 4
const list = 1
const value = (type: number, ...strings: string[]): Buffer => {
  const elements = type === hash ? strings.length / 2 : strings.length
  return Buffer.concat([
    Buffer.from([type, elements]),
    ...strings.map((text) => Buffer.from(`${String.fromCharCode(text.length)}${text}`)),
  ])
}

test('the order in which a table is written does not matter', () => {
  expect(sameElements(value(set, 'a', 'bc', 'd'), value(set, 'd', 'a', 'bc'))).toBe(true)
  expect(sameElements(value(hash, 'f', '1', 'g', '2'), value(hash, 'g', '2', 'f', '1'))).toBe(true)
})

test.each([
  ['another member', value(set, 'a', 'b'), value(set, 'a', 'c')],
  ['a value that has changed places', value(hash, 'f', '1', 'g', '2'), value(hash, 'f', '2', 'g', '1')],
  ['a member cut in two', value(set, 'abc', 'd'), value(set, 'ab', 'cd')],
  ['another type', value(set, 'f', '1'), value(hash, 'f', '1')],
  ['a list, whose order counts', value(list, 'a', 'b'), value(list, 'b', 'a')],
  ['bytes that end early', value(set, 'a', 'b').subarray(0, -1), value(set, 'b', 'a').subarray(0, -1)],
])('%s is not the same', (_, here, there) => {
  expect(sameElements(here, there)).toBe(false)
})
