import { fail } from '#contract/failure.ts'
import type { KeepKey, KeyKeeping, KeyRingStanding, SecretKeeping } from '#contract/secret-keeping.ts'
import { lockKey, makeKeyFile, readKeyFile, replaceKeyFile, unlockKey, type KeptKey } from './key-file.ts'
import { openSealed, sealWith } from './seal.ts'

/** Seals secrets for the store. Nothing it seals is ever written elsewhere in clear. */
export interface SecretBox {
  /** Fails with `secret.locked`, or `secret.wrong-passphrase`, where the key is not at hand, as `open` does. */
  seal(text: string): Uint8Array
  /** Fails with `secret.unreadable` when it was sealed with another key, or damaged. */
  open(sealed: Uint8Array): string
}

/** The system's own key ring, where a shell knows one. */
export interface KeyRing {
  readonly standing: Exclude<KeyRingStanding, 'absent'>
  /** Both throw what the system throws where it does not let us in. */
  wrap(key: Buffer): Buffer
  unwrap(wrapped: Buffer): Buffer
}

/** Where a passphrase comes from that nobody types. */
export const passphraseVariable = 'KEYFERRY_PASSPHRASE'

export interface KeyBoxOptions {
  /** From the environment (`passphraseVariable`). A key that lies in its file plainly is locked with it at once. */
  readonly passphrase?: string | undefined
  readonly keyRing?: KeyRing | undefined
}

/** A box whose key lies in a file of mode 0600, made if it is not there; how it lies there can be chosen. */
export class KeyBox implements SecretBox {
  readonly #file: string
  readonly #keyRing: KeyRing | undefined
  #passphrase: string | undefined
  #kept: KeptKey
  #key: Buffer | null = null
  /** The newest passphrase was tried in vain; and whether a person typed it. */
  #isWrong = false
  #isTyped = false
  /** Somebody has typed the passphrase of a key that was locked. */
  onUnlocked: () => void = () => undefined

  constructor(file: string, { passphrase, keyRing }: KeyBoxOptions = {}) {
    this.#file = file
    this.#keyRing = keyRing
    this.#passphrase = passphrase === '' ? undefined : passphrase
    makeKeyFile(file)
    this.#kept = readKeyFile(file)
    if ('key' in this.#kept && this.#passphrase !== undefined)
      this.keep({ keeping: 'passphrase', passphrase: this.#passphrase })
  }

  get standing(): SecretKeeping {
    return {
      keeping: this.#keeping,
      locked: this.#find() === null,
      keyRing: this.#keyRing?.standing ?? 'absent',
      filesOpen: process.platform === 'win32',
    }
  }

  seal(text: string): Uint8Array {
    return sealWith(this.#demand(), Buffer.from(text, 'utf8'))
  }

  open(sealed: Uint8Array): string {
    const plain = openSealed(this.#demand(), sealed)
    return plain?.toString('utf8') ?? fail('secret.unreadable', { file: this.#file })
  }

  /** Fails with `secret.wrong-passphrase`. */
  unlock(passphrase: string): void {
    if (this.#find() !== null) return
    this.#passphrase = passphrase
    this.#isTyped = true
    if (this.#find() === null) fail('secret.wrong-passphrase')
    this.onUnlocked()
  }

  /**
   * Keeps the key in this way from now on. What is sealed stays sealed with it, so nothing is written anew and a crash
   * costs nothing. Fails with `secret.locked`, or `secret.no-key-ring` where there is none to rely on.
   */
  keep(choice: KeepKey): void {
    const key = this.#demand()
    const kept: KeptKey =
      choice.keeping === 'key-file'
        ? { key }
        : {
            passphrase: lockKey(key, choice.passphrase),
            keyRing: choice.keeping === 'key-ring' ? this.#wrap(key) : null,
          }
    replaceKeyFile(this.#file, kept)
    this.#kept = kept
    this.#key = key
  }

  get #keeping(): KeyKeeping {
    if ('key' in this.#kept) return 'key-file'
    return this.#kept.keyRing === null ? 'passphrase' : 'key-ring'
  }

  #wrap(key: Buffer): Buffer {
    if (this.#keyRing?.standing !== 'ready') return fail('secret.no-key-ring')
    try {
      return this.#keyRing.wrap(key)
    } catch (thrown) {
      return fail('secret.no-key-ring', {}, String(thrown))
    }
  }

  #demand(): Buffer {
    const key = this.#find()
    if (key !== null) return key
    if (this.#isWrong && !this.#isTyped) fail('secret.wrong-passphrase', { variable: passphraseVariable })
    return fail('secret.locked', { file: this.#file })
  }

  /** Looked for only when it is needed: a passphrase takes a tenth of a second, a key ring may ask the person. */
  #find(): Buffer | null {
    this.#key ??= 'key' in this.#kept ? this.#kept.key : this.#unlocked(this.#kept)
    return this.#key
  }

  #unlocked({ passphrase, keyRing }: Exclude<KeptKey, { key: Buffer }>): Buffer | null {
    const key = this.#passphrase === undefined ? null : unlockKey(passphrase, this.#passphrase)
    this.#isWrong ||= this.#passphrase !== undefined && key === null
    // A wrong one is not tried at each look.
    this.#passphrase = undefined
    if (key !== null || keyRing === null) return key
    try {
      return this.#keyRing?.unwrap(keyRing) ?? null
    } catch {
      return null
    }
  }
}
