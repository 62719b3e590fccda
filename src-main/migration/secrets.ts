import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fail } from '#contract/failure.ts'

/** Seals secrets for the store. Nothing it seals is ever written elsewhere in clear. */
export interface SecretBox {
  seal(text: string): Uint8Array
  /** Fails with `secret.unreadable` when it was sealed with another key, or damaged. */
  open(sealed: Uint8Array): string
  /** `system`: the system's key ring; `key-file`: a file only this user may read; `weak`: no protection worth the name. */
  readonly protection: 'system' | 'key-file' | 'weak'
}

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16

/**
 * A box whose key lies in a file of mode 0600, made if it is not there. AES-256-GCM: nonce, tag, then the
 * sealed text. For a served console and the command line; the desktop has the system's key ring.
 */
export function keyFileBox(file: string): SecretBox {
  const key = readOrMakeKey(file)
  return {
    protection: process.platform === 'win32' ? 'weak' : 'key-file',
    seal(text) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
    },
    open(sealed) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes))
        decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
        const text = decipher.update(sealed.subarray(nonceBytes + tagBytes))
        return Buffer.concat([text, decipher.final()]).toString('utf8')
      } catch {
        return fail('secret.unreadable', { file })
      }
    },
  }
}

function readOrMakeKey(file: string): Buffer {
  if (!existsSync(file)) makeKey(file)
  chmodSync(file, 0o600)
  const key = readFileSync(file)
  return key.length === keyBytes ? key : fail('secret.unreadable', { file })
}

/** Whole or not at all, and the first of two processes wins: a key is never replaced. */
function makeKey(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, randomBytes(keyBytes), { mode: 0o600, flush: true })
  try {
    linkSync(draft, file)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
  } finally {
    unlinkSync(draft)
  }
}
