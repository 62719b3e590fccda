import { bytesOrNull, type Database } from './sqlite.ts'

export interface GuidedBackupRow {
  readonly id: string
  /** The caller's JSON, without secrets. */
  readonly body: string
  /** Sealed bytes, as are the other two. */
  readonly sourceSecret: Uint8Array | null
  readonly targetSecret: Uint8Array | null
  /** Paths and links: a signed link is a password. */
  readonly inputsSecret: Uint8Array | null
  /** The process that does a step of it, and when that last said so; null when nobody does. */
  readonly ownerPid: number | null
  readonly ownerSeenAt: number | null
  readonly createdAt: number
  readonly updatedAt: number
}

export interface GuidedBackupTable {
  /** Newest first. */
  all(): readonly GuidedBackupRow[]
  find(id: string): GuidedBackupRow | undefined
  put(row: GuidedBackupRow): void
  /** Makes a process the one that does a step, unless its owner is another one than was seen before. */
  take(
    id: string,
    before: Pick<GuidedBackupRow, 'ownerPid' | 'ownerSeenAt'>,
    pid: number,
    at: number,
  ): boolean
  /** Says that its process is alive. */
  seen(id: string, at: number): void
  remove(id: string): void
}

const columns = `id, body, source_secret AS sourceSecret, target_secret AS targetSecret,
  inputs_secret AS inputsSecret, owner_pid AS ownerPid, owner_seen_at AS ownerSeenAt, created_at AS createdAt,
  updated_at AS updatedAt`

export function guidedBackupTable(database: Database): GuidedBackupTable {
  const all = database.prepare(`SELECT ${columns} FROM guided_backups ORDER BY created_at DESC, id`)
  const find = database.prepare(`SELECT ${columns} FROM guided_backups WHERE id = ?`)
  const put = database.prepare(
    `INSERT OR REPLACE INTO guided_backups (id, body, source_secret, target_secret, inputs_secret, owner_pid,
       owner_seen_at, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const take = database.prepare(
    `UPDATE guided_backups SET owner_pid = ?, owner_seen_at = ?
     WHERE id = ? AND owner_pid IS ? AND owner_seen_at IS ?`,
  )
  const seen = database.prepare('UPDATE guided_backups SET owner_seen_at = ? WHERE id = ?')
  const remove = database.prepare('DELETE FROM guided_backups WHERE id = ?')
  return {
    all: () => all.all().map(rowOf),
    find(id) {
      const found = find.get(id)
      return found === undefined ? undefined : rowOf(found)
    },
    put: (row) =>
      void put.run(
        row.id,
        row.body,
        row.sourceSecret,
        row.targetSecret,
        row.inputsSecret,
        row.ownerPid,
        row.ownerSeenAt,
        row.createdAt,
        row.updatedAt,
      ),
    take: (id, before, pid, at) => take.run(pid, at, id, before.ownerPid, before.ownerSeenAt).changes === 1,
    seen: (id, at) => void seen.run(at, id),
    remove: (id) => void remove.run(id),
  }
}

function rowOf(found: unknown): GuidedBackupRow {
  const row = found as GuidedBackupRow
  return {
    ...row,
    sourceSecret: bytesOrNull(row.sourceSecret),
    targetSecret: bytesOrNull(row.targetSecret),
    inputsSecret: bytesOrNull(row.inputsSecret),
  }
}
