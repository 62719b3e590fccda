import type { Control } from './control.ts'
import { keyspaceOf, parseInfo, type Keyspace } from './info.ts'

/** Of each database that has any keys. */
export async function keyspaceOfServer(control: Control): Promise<Readonly<Record<string, Keyspace>>> {
  return keyspaceOf(parseInfo(String(await control.call('INFO', 'keyspace'))))
}

/** Of all databases together. */
export function countIn(keyspace: Readonly<Record<string, Keyspace>>): number {
  return Object.values(keyspace).reduce((sum, { keys }) => sum + keys, 0)
}

export function hasExpiringFields(keyspace: Readonly<Record<string, Keyspace>>): boolean {
  return Object.values(keyspace).some(({ expiringHashes }) => expiringHashes > 0)
}
