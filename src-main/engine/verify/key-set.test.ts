import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { KeySet } from './key-set.ts'

test('it knows every key it was given, each once, and no other; a database is part of the key', () => {
  const set = new KeySet()
  const keys = Array.from({ length: 50_000 }, (_, at) => Buffer.from(`key:${at}`))
  expect(keys.every((key) => set.add(at(key), key))).toBe(true)
  expect(keys.some((key) => set.add(at(key), key))).toBe(false)
  expect(set.size).toBe(keys.length)
  expect(keys.every((key) => set.has(at(key), key))).toBe(true)
  expect(keys.some((key) => set.has(at(key) + 1, key))).toBe(false)
  expect(keys.some((key) => set.has(at(key), Buffer.concat([key, Buffer.of(0)])))).toBe(false)
})

test('bytes of any length and value', () => {
  const set = new KeySet()
  const keys = [Buffer.alloc(0), ...[1, 2, 3, 4, 5, 7, 8, 300].map((length) => Buffer.alloc(length))]
  for (const key of [...keys, ...keys.map(({ length }) => randomBytes(length + 9))])
    expect(set.add(0, key)).toBe(true)
  expect(keys.every((key) => set.has(0, key))).toBe(true)
})

function at(key: Buffer): number {
  return key.length % 3
}
