import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Names } from './names.ts'

test.each([
  [{ stripPrefix: 'old:' }, 0, 'old:key', 'key'],
  [{ stripPrefix: 'old:' }, 0, 'key', 'key'],
  [{ stripPrefix: 'old:' }, 0, 'old', 'old'],
  [{ stripPrefix: 'old:' }, 0, 'old:', ''],
  [{ addPrefix: 'new:' }, 0, 'key', 'new:key'],
  [{ addPrefix: 'new:' }, 0, '', 'new:'],
  [{ stripPrefix: 'old:', addPrefix: 'new:' }, 0, 'old:key', 'new:key'],
  [{ stripPrefix: 'old:', addPrefix: 'new:' }, 0, 'key', 'new:key'],
  [{ dbPrefix: { 3: 'three:' } }, 3, 'key', 'three:key'],
  [{ dbPrefix: { 3: 'three:' } }, 0, 'key', 'key'],
  [{ stripPrefix: 'old:', addPrefix: 'new:', dbPrefix: { 3: 'three:' } }, 3, 'old:key', 'new:three:key'],
])('%j calls the key of db %i, %s: %s', (renaming, db, key, expected) => {
  expect(new Names(renaming).nameOf(db, Buffer.from(key)).toString()).toBe(expected)
})

test('names are bytes, of any length, wherever the key lies', () => {
  const names = new Names({ stripPrefix: 'ä', addPrefix: '{ü}', dbPrefix: { 1: 'ö' } })
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 9000 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 1 }),
      fc.nat(9),
      (rest, begins, db, before) => {
        const key = Buffer.concat([Buffer.from(begins ? 'ä' : ''), rest])
        const window = Buffer.concat([Buffer.alloc(before, 1), key, Buffer.alloc(3, 2)])
        names.take(db, window, before, before + key.length)
        const stripped = begins || (rest[0] === 0xc3 && rest[1] === 0xa4)
        const expected = Buffer.concat([
          Buffer.from(db === 1 ? '{ü}ö' : '{ü}'),
          stripped ? key.subarray(2) : key,
        ])
        const name = Buffer.from(names.bytes.subarray(names.start, names.end))
        expect(name).toEqual(expected)
        expect(names.stripped).toBe(stripped)
        expect(name.length - key.length).toBeLessThanOrEqual(names.longer)
      },
    ),
  )
})

test('says whether a key gets another name', () => {
  const names = new Names({ stripPrefix: 'old:', dbPrefix: { 3: 'three:' } })
  names.take(0, Buffer.from('key'))
  expect(names.changed).toBe(false)
  names.take(0, Buffer.from('old:key'))
  expect(names.changed).toBe(true)
  names.take(3, Buffer.from('key'))
  expect(names.changed).toBe(true)
})
