import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keyFileBox } from './secrets.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-secrets-'))
  file = join(folder, 'inner', 'key')
})

afterEach(() => rmSync(folder, { recursive: true }))

const unreadable = expect.objectContaining({
  failure: expect.objectContaining({ code: 'secret.unreadable' }),
})

test('what is sealed is opened again, by another box on the same key', () => {
  const secret = 'pässword: 100%\u0000"'
  const sealed = keyFileBox(file).seal(secret)
  expect(keyFileBox(file).open(sealed)).toBe(secret)
  expect(Buffer.from(sealed).includes('100%')).toBe(false)
})

test('the same secret is never sealed alike twice', () => {
  const box = keyFileBox(file)
  expect(box.seal('one')).not.toEqual(box.seal('one'))
})

test('a changed byte, and another key, are refused', () => {
  const sealed = keyFileBox(file).seal('secret')
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed)
    changed[at]! ^= 1
    expect(() => keyFileBox(file).open(changed)).toThrow(unreadable)
  }
  expect(() => keyFileBox(join(folder, 'other')).open(sealed)).toThrow(unreadable)
})

test('the key is for this user only, whatever it was before; a cut one is refused', () => {
  keyFileBox(file)
  const key = readFileSync(file)
  writeFileSync(file, key, { mode: 0o644 })
  keyFileBox(file)
  if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
  writeFileSync(file, key.subarray(1))
  expect(() => keyFileBox(file)).toThrow(unreadable)
})
