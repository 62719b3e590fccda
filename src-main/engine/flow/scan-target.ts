import type { Control } from '../redis/control.ts'
import { keyspaceOfServer } from '../redis/keyspace.ts'
import { isOurs } from './own-keys.ts'

const scanCount = 500

/** Keys of one database of a target, none of them ours. */
export interface ScannedKeys {
  readonly db: number
  readonly keys: readonly Buffer[]
  /** What the database had when it was begun with. */
  readonly expires: number
  readonly expiringHashes: number
}

/** Every key of a server, in batches. */
export async function* scanServer(control: Control, signal: AbortSignal): AsyncGenerator<ScannedKeys, void> {
  for (const [name, { expires, expiringHashes }] of Object.entries(await keyspaceOfServer(control))) {
    const db = Number(name)
    let cursor = '0'
    do {
      // The control connection is shared: SELECT and SCAN must not be parted by another's command.
      const [, scanned] = await Promise.all([
        control.call('SELECT', db),
        control.callBuffer('SCAN', cursor, 'COUNT', scanCount),
        control.call('SELECT', 0),
      ])
      const [next, keys] = scanned as unknown as [Buffer, readonly Buffer[]]
      cursor = next.toString()
      yield { db, keys: keys.filter((key) => !isOurs(key)), expires, expiringHashes }
    } while (cursor !== '0' && !signal.aborted)
  }
}
