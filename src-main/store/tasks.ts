import type { TaskState } from '#contract/task-states.ts'
import { bytesOrNull, type Database } from './sqlite.ts'

/** A row of `tasks`. `body` is what it was made with, `record` how it stands; both are the caller's JSON. */
export interface TaskRow {
  readonly id: string
  readonly profileId: string
  readonly name: string
  /** The addresses of both sides, for lists and to be searched. */
  readonly from: string
  readonly to: string
  readonly body: string
  readonly sourceSecret: Uint8Array | null
  readonly targetSecret: Uint8Array | null
  readonly state: TaskState
  readonly stateSince: number
  readonly record: string
  /** What lists show of `record`: the caller's JSON. */
  readonly standing: string
  /** The process that runs it, and when that last said so; null when nobody does. */
  readonly ownerPid: number | null
  readonly ownerSeenAt: number | null
  readonly createdAt: number
}

/** A row as a list reads it. */
export type StandingRow = Omit<TaskRow, 'body' | 'sourceSecret' | 'targetSecret' | 'record'>

export type TaskChange = Pick<
  TaskRow,
  'state' | 'stateSince' | 'record' | 'standing' | 'ownerPid' | 'ownerSeenAt'
>

/** Which rows of a list: `search` is sought in name and addresses. */
export interface TaskPage {
  readonly states: readonly TaskState[]
  readonly search: string
  readonly limit: number
  readonly offset: number
}

export interface TaskTable {
  /** In one of these states, newest first. */
  inStates(states: readonly TaskState[]): readonly StandingRow[]
  /** The latest to come into one of the states first. */
  page(page: TaskPage): readonly StandingRow[]
  /** How many `page` would give in all, and when the last of them came into its state (0: none). */
  count(page: Pick<TaskPage, 'states' | 'search'>): { readonly count: number; readonly latest: number }
  /** How many of each profile are in one of these states. */
  countByProfile(states: readonly TaskState[]): ReadonlyMap<string, number>
  find(id: string): TaskRow | undefined
  insert(row: TaskRow): void
  /** Writes how a task stands now. */
  stand(id: string, change: TaskChange): void
  /**
   * Makes a process the one that works on it, unless its owner is another one than was seen before. Word left for
   * that one is not for its successor.
   */
  take(id: string, before: Pick<TaskRow, 'ownerPid' | 'ownerSeenAt'>, pid: number, at: number): boolean
  /** Says that its process is alive. */
  seen(id: string, at: number): void
  /** Leaves word for whoever works on it. */
  want(id: string, wanted: string): void
  /** The word left for a process, by task; it is given once. */
  takeWanted(pid: number): readonly { readonly id: string; readonly wanted: string }[]
  remove(id: string): void
}

const standingColumns = `id, profile_id AS profileId, name, from_address AS "from", to_address AS "to", state,
  state_since AS stateSince, standing, owner_pid AS ownerPid, owner_seen_at AS ownerSeenAt, created_at AS createdAt`

const columns = `${standingColumns}, body, source_secret AS sourceSecret, target_secret AS targetSecret, record`

const isIn = 'state IN (SELECT value FROM json_each(?))'
const isSought = `(? = '' OR instr(lower(name || ' ' || from_address || ' ' || to_address), lower(?)) > 0)`

export function taskTable(database: Database): TaskTable {
  const inStates = database.prepare(
    `SELECT ${standingColumns} FROM tasks WHERE ${isIn} ORDER BY created_at DESC, id`,
  )
  const page = database.prepare(
    `SELECT ${standingColumns} FROM tasks WHERE ${isIn} AND ${isSought}
     ORDER BY state_since DESC, id LIMIT ? OFFSET ?`,
  )
  const count = database.prepare(
    `SELECT count(*) AS count, coalesce(max(state_since), 0) AS latest FROM tasks WHERE ${isIn} AND ${isSought}`,
  )
  const countByProfile = database.prepare(
    `SELECT profile_id AS profileId, count(*) AS count FROM tasks WHERE ${isIn} GROUP BY profile_id`,
  )
  const find = database.prepare(`SELECT ${columns} FROM tasks WHERE id = ?`)
  const insert = database.prepare(
    `INSERT INTO tasks (id, profile_id, name, from_address, to_address, body, source_secret, target_secret, state,
       state_since, record, standing, owner_pid, owner_seen_at, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const stand = database.prepare(
    `UPDATE tasks SET state = ?, state_since = ?, record = ?, standing = ?, owner_pid = ?, owner_seen_at = ?
     WHERE id = ?`,
  )
  const seen = database.prepare('UPDATE tasks SET owner_seen_at = ? WHERE id = ?')
  const take = database.prepare(
    `UPDATE tasks SET owner_pid = ?, owner_seen_at = ?, wanted = NULL
     WHERE id = ? AND owner_pid IS ? AND owner_seen_at IS ?`,
  )
  const want = database.prepare('UPDATE tasks SET wanted = ? WHERE id = ?')
  const wanted = database.prepare('SELECT id, wanted FROM tasks WHERE owner_pid = ? AND wanted IS NOT NULL')
  const remove = database.prepare('DELETE FROM tasks WHERE id = ?')
  return {
    inStates: (states) => inStates.all(JSON.stringify(states)) as StandingRow[],
    page: ({ states, search, limit, offset }) =>
      page.all(JSON.stringify(states), search, search, limit, offset) as StandingRow[],
    count: ({ states, search }) =>
      count.get(JSON.stringify(states), search, search) as ReturnType<TaskTable['count']>,
    countByProfile: (states) =>
      new Map(
        (countByProfile.all(JSON.stringify(states)) as { profileId: string; count: number }[]).map(
          ({ profileId, count: tasks }) => [profileId, tasks],
        ),
      ),
    find(id) {
      const found = find.get(id)
      return found === undefined ? undefined : rowOf(found)
    },
    insert: (row) =>
      void insert.run(
        row.id,
        row.profileId,
        row.name,
        row.from,
        row.to,
        row.body,
        row.sourceSecret,
        row.targetSecret,
        row.state,
        row.stateSince,
        row.record,
        row.standing,
        row.ownerPid,
        row.ownerSeenAt,
        row.createdAt,
      ),
    stand: (id, change) =>
      void stand.run(
        change.state,
        change.stateSince,
        change.record,
        change.standing,
        change.ownerPid,
        change.ownerSeenAt,
        id,
      ),
    seen: (id, at) => void seen.run(at, id),
    take: (id, before, pid, at) => take.run(pid, at, id, before.ownerPid, before.ownerSeenAt).changes === 1,
    want: (id, deed) => void want.run(deed, id),
    takeWanted(pid) {
      const found = wanted.all(pid) as { id: string; wanted: string }[]
      for (const { id } of found) want.run(null, id)
      return found
    },
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
