import { chmodSync, rmSync } from 'node:fs'
import { fail } from '#contract/failure.ts'
import { profilesAndTasks } from './migrations/0001-profiles-and-tasks.ts'
import { waysOfEndpoints } from './migrations/0002-ways-of-endpoints.ts'
import { standingsOfTasks } from './migrations/0003-standings-of-tasks.ts'
import { differences } from './migrations/0004-differences.ts'
import { ordersToTasks } from './migrations/0005-orders-to-tasks.ts'
import { connectionsAndPreferences } from './migrations/0006-connections-and-preferences.ts'
import { guidedBackups } from './migrations/0007-guided-backups.ts'
import { functionsOfProofs } from './migrations/0008-functions-of-proofs.ts'
import { revisions } from './migrations/0009-revisions.ts'
import { differencesByParts } from './migrations/0010-differences-by-parts.ts'
import type { Database } from './sqlite.ts'

/** In order; the place in the list, from 1, is what `user_version` says. Never edited once released. */
const migrations = [
  profilesAndTasks,
  waysOfEndpoints,
  standingsOfTasks,
  differences,
  ordersToTasks,
  connectionsAndPreferences,
  guidedBackups,
  functionsOfProofs,
  revisions,
  differencesByParts,
] as const

/**
 * Brings a database to the newest shape, all steps in one transaction. A file that is in use already
 * is copied beside itself first (`<file>.before-<version>`, in place of one from an attempt that failed). One written by a newer Keyferry is refused with
 * `store.newer`.
 */
export function migrate(database: Database, file: string): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (version > migrations.length) fail('store.newer', { file, version, known: migrations.length })
  if (version > 0 && version < migrations.length) {
    const copy = `${file}.before-${migrations.length}`
    rmSync(copy, { force: true })
    database.prepare('VACUUM INTO ?').run(copy)
    chmodSync(copy, 0o600)
  }
  if (version === migrations.length) return
  database.exec(`BEGIN IMMEDIATE; ${steps(version, migrations.length)} COMMIT`)
}

/** SQL that takes a database from one `user_version` to a later one. */
export function steps(from: number, to: number): string {
  return `${migrations.slice(from, to).join('\n')} PRAGMA user_version = ${to};`
}
