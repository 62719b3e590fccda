import { expect, test } from 'vitest'
import { DirtyKeys, type TakenKeys } from './dirty-keys.ts'

const name = (taken: TakenKeys | null): readonly string[] =>
  (taken?.keys ?? []).map(({ db, key }) => `${db}:${key.toString()}`)
const key = (text: string): Buffer => Buffer.from(text)
const open = new AbortController().signal

test('a key told twice is taken once, in the order first told', () => {
  const dirty = new DirtyKeys()
  dirty.tell(0, key('b'), 1)
  dirty.tell(0, key('a'), 2)
  dirty.tell(0, key('b'), 3)
  dirty.tell(1, key('b'), 4)
  expect(dirty.oldest).toBe(1)
  expect(name(dirty.take(10))).toEqual(['0:b', '0:a', '1:b'])
  expect(dirty.take(10)).toBeNull()
})

test('a change told while its key is under way is taken again afterwards', () => {
  const dirty = new DirtyKeys()
  dirty.tell(0, key('a'), 1)
  const taken = dirty.take(10)!
  dirty.tell(0, key('a'), 5)
  expect(dirty.oldest).toBe(1)
  taken.done()
  expect(dirty.oldest).toBe(5)
  expect(name(dirty.take(10))).toEqual(['0:a'])
})

test('a key told to have changed is waited for where it is to be listed too, until it is carried', async () => {
  const dirty = new DirtyKeys()
  dirty.tell(0, key('a'), 5)
  await dirty.list([{ db: 0, key: key('a') }], open)
  expect([dirty.listed, dirty.hasCarried(4), dirty.hasCarried(5)]).toEqual([0, true, false])
  const taken = dirty.take(10)!
  expect(dirty.hasCarried(5)).toBe(false)
  dirty.tell(0, key('a'), 6)
  taken.done()
  expect([dirty.hasCarried(5), dirty.hasCarried(6)]).toEqual([true, false])
})

test('what is put back stands in front again, with its age, and once', () => {
  const dirty = new DirtyKeys()
  dirty.tell(0, key('a'), 1)
  dirty.tell(0, key('b'), 2)
  const taken = dirty.take(10)!
  dirty.tell(0, key('c'), 3)
  dirty.tell(0, key('b'), 4)
  taken.putBack()
  expect(dirty.oldest).toBe(1)
  expect(name(dirty.take(10))).toEqual(['0:a', '0:b', '0:c'])
})

test('what could not be had of what was taken waits on, with its age, and is not done', async () => {
  const dirty = new DirtyKeys()
  dirty.tell(0, key('a'), 1)
  dirty.tell(0, key('b'), 2)
  await dirty.list([{ db: 0, key: key('c') }], open)
  const taken = dirty.take(10)!
  dirty.tell(0, key('d'), 7)
  taken.done([
    { db: 0, key: key('b') },
    { db: 0, key: key('c') },
  ])
  expect([dirty.oldest, dirty.listed, dirty.hasCarried(6)]).toEqual([2, 1, false])
  expect(name(dirty.take(10))).toEqual(['0:b', '0:d', '0:c'])
})

test('keys told and keys listed are taken side by side', async () => {
  const dirty = new DirtyKeys()
  for (let index = 0; index < 10; index += 1) dirty.tell(0, key(`told${index}`), index)
  await dirty.list(
    Array.from({ length: 10 }, (_, index) => ({ db: 0, key: key(`listed${index}`) })),
    open,
  )
  expect(dirty.listed).toBe(10)
  const taken = dirty.take(4)!
  expect(name(taken)).toEqual(['0:told0', '0:told1', '0:listed0', '0:listed1'])
  taken.done()
  expect(dirty.listed).toBe(8)
  expect(dirty.take(100)!.keys).toHaveLength(16)
})

test('a listed key that is told then has an age, and is no longer waited for as listed', async () => {
  const dirty = new DirtyKeys()
  await dirty.list([{ db: 0, key: key('a') }], open)
  expect(dirty.oldest).toBeNull()
  dirty.tell(0, key('a'), 7)
  expect(dirty.oldest).toBe(7)
  expect(dirty.listed).toBe(0)
  expect(dirty.take(10)!.keys).toHaveLength(1)
})

test('without room a change is refused, and listing waits', async () => {
  const dirty = new DirtyKeys({ keys: 4, bytes: 1_000 })
  for (const letter of 'abcd') expect(dirty.tell(0, key(letter), 1)).toBe(true)
  expect(dirty.tell(0, key('e'), 1)).toBe(false)
  // What is known already needs no room.
  expect(dirty.tell(0, key('a'), 2)).toBe(true)
  const listing = dirty.list([{ db: 0, key: key('f') }], open)
  expect(dirty.listed).toBe(0)
  dirty.take(4)!.done()
  await listing
  expect(name(dirty.take(4))).toEqual(['0:f'])
})

test('names too long together are refused too', () => {
  const dirty = new DirtyKeys({ keys: 100, bytes: 10 })
  expect(dirty.tell(0, Buffer.alloc(10, 'x'), 1)).toBe(true)
  expect(dirty.tell(0, key('e'), 1)).toBe(false)
})
