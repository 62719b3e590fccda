import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { KeyBox, type KeyRing } from './secrets.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-secrets-'))
  file = join(folder, 'inner', 'key')
})

afterEach(() => rmSync(folder, { recursive: true }))

const failing = (code: string): unknown =>
  expect.objectContaining({ failure: expect.objectContaining({ code }) })
const unreadable = failing('secret.unreadable')
const locked = failing('secret.locked')

describe('a key file', () => {
  test('what is sealed is opened again, by another box on the same key', () => {
    const secret = 'pässword: 100%\u0000"'
    const sealed = new KeyBox(file).seal(secret)
    expect(new KeyBox(file).open(sealed)).toBe(secret)
    expect(Buffer.from(sealed).includes('100%')).toBe(false)
  })

  test('the same secret is never sealed alike twice', () => {
    const box = new KeyBox(file)
    expect(box.seal('one')).not.toEqual(box.seal('one'))
  })

  test('a changed byte, and another key, are refused', () => {
    const sealed = new KeyBox(file).seal('secret')
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed)
      changed[at]! ^= 1
      expect(() => new KeyBox(file).open(changed)).toThrow(unreadable)
    }
    expect(() => new KeyBox(join(folder, 'other')).open(sealed)).toThrow(unreadable)
  })

  test('the key is for this user only, whatever it was before; a cut one is refused', () => {
    new KeyBox(file)
    const key = readFileSync(file)
    writeFileSync(file, key, { mode: 0o644 })
    new KeyBox(file)
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(file, key.subarray(1))
    expect(() => new KeyBox(file)).toThrow(unreadable)
  })
})

const passphrase = 'three words and a number'

describe('a key with a passphrase', () => {
  test('is locked by the one in the environment; what was sealed before is opened with it, and without it nothing', () => {
    const before = new KeyBox(file).seal('secret')
    const plainKey = readFileSync(file)
    const box = new KeyBox(file, { passphrase })

    expect(box.standing).toMatchObject({ keeping: 'passphrase', locked: false, keyRing: 'absent' })
    expect(box.open(before)).toBe('secret')
    expect(readFileSync(file).includes(plainKey)).toBe(false)
    expect(readFileSync(file, 'utf8')).not.toContain(passphrase)
    expect(new KeyBox(file, { passphrase }).open(before)).toBe('secret')
    const wrong = failing('secret.wrong-passphrase')
    for (const [other, why] of [
      [new KeyBox(file), locked],
      [new KeyBox(file, { passphrase: 'something else' }), wrong],
    ] as const) {
      expect(other.standing).toMatchObject({ keeping: 'passphrase', locked: true })
      expect(() => other.open(before)).toThrow(why)
      expect(() => other.seal('new')).toThrow(why)
      expect(() => other.keep({ keeping: 'key-file' })).toThrow(why)
    }
  })

  test('is unlocked by typing it, and only by the right one', () => {
    const sealed = new KeyBox(file, { passphrase }).seal('secret')
    const box = new KeyBox(file)

    expect(() => box.unlock('three words and no number')).toThrow(failing('secret.wrong-passphrase'))
    expect(() => box.open(sealed)).toThrow(locked)
    box.unlock(passphrase)
    expect(box.open(sealed)).toBe('secret')
  })

  test('is kept plainly again, or under another one, and opens all that was ever sealed', () => {
    const first = new KeyBox(file).seal('first')
    const box = new KeyBox(file, { passphrase })
    const second = box.seal('second')
    box.keep({ keeping: 'passphrase', passphrase: 'another passphrase' })
    const other = new KeyBox(file, { passphrase: 'another passphrase' })
    expect([first, second].map((sealed) => other.open(sealed))).toEqual(['first', 'second'])
    expect(new KeyBox(file, { passphrase }).standing.locked).toBe(true)

    box.keep({ keeping: 'key-file' })
    expect([first, second].map((sealed) => new KeyBox(file).open(sealed))).toEqual(['first', 'second'])
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('a changed file is refused, and never replaced by a new key', () => {
    new KeyBox(file, { passphrase })
    const content = readFileSync(file, 'utf8').replace('"formatVersion":1', '"formatVersion":2')
    writeFileSync(file, content)
    expect(() => new KeyBox(file, { passphrase })).toThrow(unreadable)
    expect(readFileSync(file, 'utf8')).toBe(content)
  })
})

/** As a system's: what it has wrapped is of use to nobody else. */
function keyRing(standing: KeyRing['standing'] = 'ready'): KeyRing & { open: boolean } {
  return {
    open: true,
    standing,
    wrap: (key) => Buffer.from(key.map((byte) => byte ^ 0x5a)),
    unwrap(wrapped) {
      if (!this.open) throw new Error('the person said no')
      return Buffer.from(wrapped.map((byte) => byte ^ 0x5a))
    },
  }
}

describe('a key in the key ring of the system', () => {
  test('is unlocked by it alone, by the passphrase alone, and by nothing else', () => {
    const ring = keyRing()
    const box = new KeyBox(file, { keyRing: ring })
    const sealed = box.seal('what a freeze has set')
    box.keep({ keeping: 'key-ring', passphrase })

    expect(new KeyBox(file, { keyRing: ring }).standing).toMatchObject({ keeping: 'key-ring', locked: false })
    expect(new KeyBox(file, { keyRing: ring }).open(sealed)).toBe('what a freeze has set')
    expect(new KeyBox(file, { passphrase }).open(sealed)).toBe('what a freeze has set')
    expect(() => new KeyBox(file).open(sealed)).toThrow(locked)
    ring.open = false
    const refused = new KeyBox(file, { keyRing: ring })
    expect(() => refused.open(sealed)).toThrow(locked)
    refused.unlock(passphrase)
    expect(refused.open(sealed)).toBe('what a freeze has set')
  })

  test('is not chosen where the key ring protects nothing, or is not there', () => {
    for (const box of [new KeyBox(file, { keyRing: keyRing('unprotected') }), new KeyBox(file)]) {
      expect(() => box.keep({ keeping: 'key-ring', passphrase })).toThrow(failing('secret.no-key-ring'))
      expect(box.standing.keeping).toBe('key-file')
    }
  })
})
