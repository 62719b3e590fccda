import { expect, test } from 'vitest'
import { belongsTo, type Lineage } from '../source/lineage.ts'
import { CopiesUnderWay, type ExactCopy } from './exact-copy.ts'

const first: Lineage = { format: 1, replid: 'first', previous: [], start: 0, snapshot: 'none' }
/** The first one's writes were received up to 100 when another took its place. */
const second: Lineage = { ...first, replid: 'second', previous: [{ replid: 'first', until: 100 }] }

function copyOf(name: string, offset: number): ExactCopy {
  return { db: 0, key: Buffer.from(name), offset, payload: null, expireAt: null, flavour: 'redis' }
}

function takeDue(copies: CopiesUnderWay, offset: number, lineage: Lineage): string[] {
  return copies.takeDue(offset, (...place) => belongsTo(lineage, ...place)).map(({ key }) => String(key))
}

test('copies are due when the stream has come to their places, in the order of these', () => {
  const copies = new CopiesUnderWay()
  for (const [name, offset] of [
    ['c', 90],
    ['a', 30],
    ['b', 60],
  ] as const)
    copies.add(copyOf(name, offset), 'first')
  expect(takeDue(copies, 29, first)).toEqual([])
  expect(takeDue(copies, 60, first)).toEqual(['a', 'b'])
  expect([copies.size, takeDue(copies, 90, second), copies.wantsNone]).toEqual([1, ['c'], true])
})

test('a copy of what the source lost with its place is never due, but wanted again', () => {
  const copies = new CopiesUnderWay()
  copies.add(copyOf('received', 100), 'first')
  copies.add(copyOf('lost', 130), 'first')
  copies.add(copyOf('of the successor', 130), 'second')
  expect(takeDue(copies, 200, second)).toEqual(['received', 'of the successor'])
  expect([copies.size, copies.isDoubtful(copyOf('lost', 0)), copies.wantsNone]).toEqual([0, true, false])
  copies.add(copyOf('lost', 210), 'second')
  expect(takeDue(copies, 210, second)).toEqual(['lost'])
})
