import { safeStorage } from 'electron'
import type { KeyRing } from '#migration/secrets.ts'

/**
 * The system's key ring, by Electron's safeStorage: Keychain, DPAPI, or on Linux libsecret or KWallet. Where Linux has
 * neither, Chromium would seal with a password that anybody knows (`basic_text`): that is no protection. Only once the
 * app is ready.
 */
export function systemKeyRing(): KeyRing {
  return {
    // Asked for only when it is shown: the system may ask the person for it.
    get standing() {
      const available = safeStorage.isEncryptionAvailable()
      const trusted = process.platform !== 'linux' || safeStorage.getSelectedStorageBackend() !== 'basic_text'
      return available && trusted ? 'ready' : 'unprotected'
    },
    wrap: (key) => safeStorage.encryptString(key.toString('base64')),
    unwrap: (wrapped) => Buffer.from(safeStorage.decryptString(wrapped), 'base64'),
  }
}
