import { createRequire } from 'node:module'
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type DatabaseConstructor from 'better-sqlite3'
import { fail, FailureError, makeFailure } from '#contract/failure.ts'

export type Database = DatabaseConstructor.Database

// Not named `require`: the build adds one of that name to modules that seem to need it.
const load = createRequire(import.meta.url)

/**
 * Opens a database file, made (0600, in a folder 0700) if it is not there. WAL, and every commit is fsynced:
 * what has been written down survives kill -9 and loss of power. Fails with `store.*`.
 */
export function openDatabase(file: string): Database {
  const Constructor = loadSqlite()
  return guarded(file, () => {
    const made = !existsSync(file)
    if (made) mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const database = new Constructor(file)
    if (made) chmodSync(file, 0o600)
    database.exec('PRAGMA busy_timeout = 5000')
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = FULL')
    database.exec('PRAGMA foreign_keys = ON')
    return database
  })
}

/** A BLOB as bytes of our own, whichever form the package hands it over in. */
export function bytesOrNull(blob: Uint8Array | ArrayBuffer | null): Uint8Array | null {
  return blob === null ? null : new Uint8Array(blob)
}

/**
 * better-sqlite3 13 is built for Node-API 10 and takes a runtime without it down at load, so that is looked
 * at first. A test runtime may have the name resolve to another package of the same API: that one may load.
 */
function loadSqlite(): typeof DatabaseConstructor {
  const resolved = load.resolve('better-sqlite3')
  const itself = /[\\/]better-sqlite3[\\/]/.test(resolved)
  if (itself && Number(process.versions.napi) < 10)
    return fail('store.runtime-too-old', { version: process.versions.node, needed: '22.14' })
  return load(resolved) as typeof DatabaseConstructor
}

/** Runs what touches the file, and names SQLite's refusals (result codes of sqlite.h). */
export function guarded<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    if (thrown instanceof FailureError) throw thrown
    const code = (thrown as { code?: unknown }).code
    const known =
      typeof code === 'string' ? byResultCode.find(([start]) => code.startsWith(start)) : undefined
    if (known === undefined) throw thrown
    throw new FailureError(makeFailure(known[1], { file, folder: dirname(file) }, String(code)))
  }
}

const byResultCode = [
  ['SQLITE_FULL', 'store.disk-full'],
  ['SQLITE_IOERR', 'store.unavailable'],
  ['SQLITE_CANTOPEN', 'store.unavailable'],
  ['SQLITE_READONLY', 'store.unavailable'],
  ['SQLITE_BUSY', 'store.unavailable'],
  ['SQLITE_LOCKED', 'store.unavailable'],
  ['SQLITE_PERM', 'store.unavailable'],
  ['SQLITE_CORRUPT', 'store.damaged'],
  ['SQLITE_NOTADB', 'store.damaged'],
  ['ENOSPC', 'store.disk-full'],
  ['EACCES', 'store.unavailable'],
  ['EROFS', 'store.unavailable'],
  ['EPERM', 'store.unavailable'],
  ['ENOTDIR', 'store.unavailable'],
  ['EEXIST', 'store.unavailable'],
] as const
