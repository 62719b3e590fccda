import type { TaskState } from '#contract/task.ts'
import { bytesOrNull, type Database } from './sqlite.ts'

/** A row of `tasks`. `body` is what it was made with, `record` how it stands; both are the caller's JSON. */
export interface TaskRow {
  readonly id: string
  readonly profileId: string
  readonly name: string
  readonly body: string
  readonly sourceSecret: Uint8Array | null
  readonly targetSecret: Uint8Array | null
  readonly state: TaskState
  readonly stateSince: number
  readonly record: string
  /** The process that runs it, and when that last said so; null when nobody does. */
  readonly ownerPid: number | null
  readonly ownerSeenAt: number | null
  readonly createdAt: number
}

export type TaskStanding = Pick<TaskRow, 'state' | 'stateSince' | 'record' | 'ownerPid' | 'ownerSeenAt'>

export interface TaskTable {
  /** Newest first. */
  all(): readonly TaskRow[]
  find(id: string): TaskRow | undefined
  insert(row: TaskRow): void
  /** Writes how a task stands now. */
  stand(id: string, standing: TaskStanding): void
  /** Says that its process is alive. */
  seen(id: string, at: number): void
  remove(id: string): void
}

const columns = `id, profile_id AS profileId, name, body, source_secret AS sourceSecret,
  target_secret AS targetSecret, state, state_since AS stateSince, record, owner_pid AS ownerPid,
  owner_seen_at AS ownerSeenAt, created_at AS createdAt`

export function taskTable(database: Database): TaskTable {
  const all = database.prepare(`SELECT ${columns} FROM tasks ORDER BY created_at DESC, id`)
  const find = database.prepare(`SELECT ${columns} FROM tasks WHERE id = ?`)
  const insert = database.prepare(
    `INSERT INTO tasks (id, profile_id, name, body, source_secret, target_secret, state, state_since, record,
       owner_pid, owner_seen_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const stand = database.prepare(
    `UPDATE tasks SET state = ?, state_since = ?, record = ?, owner_pid = ?, owner_seen_at = ? WHERE id = ?`,
  )
  const seen = database.prepare('UPDATE tasks SET owner_seen_at = ? WHERE id = ?')
  const remove = database.prepare('DELETE FROM tasks WHERE id = ?')
  return {
    all: () => all.all().map(rowOf),
    find(id) {
      const found = find.get(id)
      return found === undefined ? undefined : rowOf(found)
    },
    insert: (row) =>
      void insert.run(
        row.id,
        row.profileId,
        row.name,
        row.body,
        row.sourceSecret,
        row.targetSecret,
        row.state,
        row.stateSince,
        row.record,
        row.ownerPid,
        row.ownerSeenAt,
        row.createdAt,
      ),
    stand: (id, standing) =>
      void stand.run(
        standing.state,
        standing.stateSince,
        standing.record,
        standing.ownerPid,
        standing.ownerSeenAt,
        id,
      ),
    seen: (id, at) => void seen.run(at, id),
    remove: (id) => void remove.run(id),
  }
}

function rowOf(found: unknown): TaskRow {
  const row = found as TaskRow
  return {
    ...row,
    sourceSecret: bytesOrNull(row.sourceSecret),
    targetSecret: bytesOrNull(row.targetSecret),
  }
}
