import { randomBytes, scryptSync } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { fail } from '#contract/failure.ts'
import { openSealed, sealWith } from './seal.ts'

/** Bytes of the key, which is all that a key file holds until it is kept better. */
const keyBytes = 32

/** scrypt, as RFC 7914 recommends it for files: 32 MiB and a tenth of a second for each guess. */
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
const saltBytes = 16

const base64 = z.base64().transform((text) => Buffer.from(text, 'base64'))
const lockedSchema = z.strictObject({
  format: z.literal('keyferry-key'),
  formatVersion: z.literal(1),
  passphrase: z.strictObject({ salt: base64, sealed: base64 }),
  keyRing: base64.nullable(),
})

/** The key as it lies on disk: plainly, or sealed with a passphrase and perhaps in the system's key ring too. */
export type KeptKey =
  | { readonly key: Buffer }
  | {
      readonly passphrase: { readonly salt: Buffer; readonly sealed: Buffer }
      readonly keyRing: Buffer | null
    }

/** Fails with `secret.unreadable` where it is neither. For this user only from now on, whatever it was. */
export function readKeyFile(file: string): KeptKey {
  chmodSync(file, 0o600)
  const content = readFileSync(file)
  if (content.length === keyBytes) return { key: content }
  try {
    return lockedSchema.parse(JSON.parse(content.toString('utf8')))
  } catch {
    return fail('secret.unreadable', { file })
  }
}

/** Makes one where there is none, whole or not at all; the first of two processes wins. */
export function makeKeyFile(file: string): void {
  if (existsSync(file)) return
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = writeDraft(file, randomBytes(keyBytes))
  try {
    linkSync(draft, file)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
  } finally {
    unlinkSync(draft)
  }
}

/** The same key, kept otherwise: on disk in the new way or still in the old one. A key is never replaced by another. */
export function replaceKeyFile(file: string, kept: KeptKey): void {
  renameSync(writeDraft(file, 'key' in kept ? kept.key : textOf(kept)), file)
  if (process.platform === 'win32') return
  const folder = openSync(dirname(file), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

function textOf({ passphrase: { salt, sealed }, keyRing }: Exclude<KeptKey, { key: Buffer }>): string {
  return JSON.stringify({
    format: 'keyferry-key',
    formatVersion: 1,
    passphrase: { salt: salt.toString('base64'), sealed: sealed.toString('base64') },
    keyRing: keyRing?.toString('base64') ?? null,
  })
}

function writeDraft(file: string, content: Buffer | string): string {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, content, { mode: 0o600, flush: true })
  return draft
}

/** The key, sealed so that only the passphrase opens it. */
export function lockKey(key: Buffer, passphrase: string): { readonly salt: Buffer; readonly sealed: Buffer } {
  const salt = randomBytes(saltBytes)
  return { salt, sealed: sealWith(stretch(passphrase, salt), key) }
}

/** Null where the passphrase is another one. */
export function unlockKey(
  { salt, sealed }: { readonly salt: Buffer; readonly sealed: Buffer },
  passphrase: string,
): Buffer | null {
  return openSealed(stretch(passphrase, salt), sealed)
}

function stretch(passphrase: string, salt: Buffer): Buffer {
  return scryptSync(passphrase.normalize('NFC'), salt, keyBytes, cost)
}
