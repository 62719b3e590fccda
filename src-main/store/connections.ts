import { bytesOrNull, type Database } from './sqlite.ts'

export interface ConnectionRow {
  readonly id: string
  /** Unique, whatever its case. */
  readonly name: string
  /** The caller's JSON, without secrets. */
  readonly body: string
  /** Sealed bytes. */
  readonly secret: Uint8Array | null
  /** The caller's JSON; null while it was never tested. */
  readonly lastTest: string | null
  readonly createdAt: number
  readonly updatedAt: number
}

export interface ConnectionTable {
  /** By their names. */
  all(): readonly ConnectionRow[]
  find(id: string): ConnectionRow | undefined
  findByName(name: string): ConnectionRow | undefined
  put(row: ConnectionRow): void
  remove(id: string): void
}

const columns = `id, name, body, secret, last_test AS lastTest, created_at AS createdAt, updated_at AS updatedAt`

export function connectionTable(database: Database): ConnectionTable {
  const all = database.prepare(`SELECT ${columns} FROM connections ORDER BY name COLLATE NOCASE`)
  const find = database.prepare(`SELECT ${columns} FROM connections WHERE id = ?`)
  const findByName = database.prepare(`SELECT ${columns} FROM connections WHERE name = ?`)
  const put = database.prepare(
    `INSERT OR REPLACE INTO connections (id, name, body, secret, last_test, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const remove = database.prepare('DELETE FROM connections WHERE id = ?')
  return {
    all: () => all.all().map(rowOf),
    find: (id) => optional(find.get(id)),
    findByName: (name) => optional(findByName.get(name)),
    put: ({ id, name, body, secret, lastTest, createdAt, updatedAt }) =>
      void put.run(id, name, body, secret, lastTest, createdAt, updatedAt),
    remove: (id) => void remove.run(id),
  }
}

function optional(found: unknown): ConnectionRow | undefined {
  return found === undefined ? undefined : rowOf(found)
}

function rowOf(found: unknown): ConnectionRow {
  const row = found as ConnectionRow
  return { ...row, secret: bytesOrNull(row.secret) }
}
