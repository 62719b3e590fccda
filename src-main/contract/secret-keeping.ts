import { z } from 'zod'

/**
 * What keeps the key that seals stored secrets. `key-file`: a file only this user may read; `passphrase`: the same
 * file, of use only with a passphrase; `key-ring`: the system's key ring, or the passphrase where that one is away.
 */
export const keyKeepings = ['key-file', 'passphrase', 'key-ring'] as const
export type KeyKeeping = (typeof keyKeepings)[number]

/** What of the system's own key ring there is: none in this shell, one without protection, or one to rely on. */
export type KeyRingStanding = 'absent' | 'unprotected' | 'ready'

/** How the secrets of this host are kept. */
export interface SecretKeeping {
  readonly keeping: KeyKeeping
  /** The key is not at hand: nothing stored can be read, and nothing can be stored. */
  readonly locked: boolean
  readonly keyRing: KeyRingStanding
  /** The system does not shut files off from other users. */
  readonly filesOpen: boolean
}

/** Characters; what is typed less than this long is guessed. */
export const shortestPassphrase = 12
export const passphraseSchema = z.string().min(1).max(1_000)

export const keepKeySchema = z.discriminatedUnion('keeping', [
  z.strictObject({ keeping: z.literal('key-file') }),
  z.strictObject({
    keeping: z.enum(['passphrase', 'key-ring']),
    passphrase: passphraseSchema.min(shortestPassphrase),
  }),
])
/** How the key is to be kept from now on. */
export type KeepKey = z.infer<typeof keepKeySchema>
