import { bytesOrNull, type Database } from './sqlite.ts'

/** A row of `profiles`. `body` is the caller's JSON; secrets are sealed bytes or null. */
export interface ProfileRow {
  readonly id: string
  readonly name: string
  readonly body: string
  readonly sourceSecret: Uint8Array | null
  readonly targetSecret: Uint8Array | null
  readonly createdAt: number
  readonly updatedAt: number
}

export interface ProfileTable {
  all(): readonly ProfileRow[]
  find(id: string): ProfileRow | undefined
  findByName(name: string): ProfileRow | undefined
  put(row: ProfileRow): void
  remove(id: string): void
}

const columns = `id, name, body, source_secret AS sourceSecret, target_secret AS targetSecret,
  created_at AS createdAt, updated_at AS updatedAt`

export function profileTable(database: Database): ProfileTable {
  const all = database.prepare(`SELECT ${columns} FROM profiles ORDER BY updated_at DESC, id`)
  const find = database.prepare(`SELECT ${columns} FROM profiles WHERE id = ?`)
  const findByName = database.prepare(`SELECT ${columns} FROM profiles WHERE name = ?`)
  const put = database.prepare(
    `INSERT INTO profiles (id, name, body, source_secret, target_secret, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body,
       source_secret = excluded.source_secret, target_secret = excluded.target_secret,
       updated_at = excluded.updated_at`,
  )
  const remove = database.prepare('DELETE FROM profiles WHERE id = ?')
  return {
    all: () => all.all().map(rowOf),
    find: (id) => optional(find.get(id)),
    findByName: (name) => optional(findByName.get(name)),
    put: (row) =>
      void put.run(
        row.id,
        row.name,
        row.body,
        row.sourceSecret,
        row.targetSecret,
        row.createdAt,
        row.updatedAt,
      ),
    remove: (id) => void remove.run(id),
  }
}

function optional(found: unknown): ProfileRow | undefined {
  return found === undefined ? undefined : rowOf(found)
}

function rowOf(found: unknown): ProfileRow {
  const row = found as ProfileRow
  return {
    ...row,
    sourceSecret: bytesOrNull(row.sourceSecret),
    targetSecret: bytesOrNull(row.targetSecret),
  }
}
