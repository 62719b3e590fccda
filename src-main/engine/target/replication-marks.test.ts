import { expect, test } from 'vitest'
import { ReplicationMarks } from './replication-marks.ts'

function marked(): ReplicationMarks {
  const marks = new ReplicationMarks()
  for (let at = 0; at < 400_000; at += 500) marks.note('a', { at, replid: 'one', offset: at * 10 })
  return marks
}

test('a copy is whole as of the last time that the stream was no further than it', () => {
  expect(marked().wholeAt('a', { replid: 'one', offset: 3_995_000 })).toBe(399_500)
  expect(marked().wholeAt('a', { replid: 'one', offset: 3_994_999 })).toBe(399_000)
  expect(marked().wholeAt('a', { replid: 'one', offset: 3_000_000 })).toBe(300_000)
})

test('nothing is known of another stream, another node, and of what is long ago', () => {
  expect(marked().wholeAt('a', { replid: 'two', offset: 3_995_000 })).toBe(-Infinity)
  expect(marked().wholeAt('b', { replid: 'one', offset: 3_995_000 })).toBe(-Infinity)
  expect(marked().wholeAt('a', { replid: 'one', offset: 2_000_000 })).toBe(-Infinity)
})
