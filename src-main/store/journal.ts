import { bytesOrNull, type Database } from './sqlite.ts'

/**
 * An intention: what is about to be changed on a server, and what was there before. On disk before the deed,
 * closed when it has been put back.
 */
export interface JournalRow {
  readonly id: number
  readonly taskId: string
  readonly kind: 'setting' | 'freeze'
  /** The caller's JSON, without secrets. */
  readonly note: string
  /** Sealed bytes. */
  readonly secret: Uint8Array | null
  readonly writtenAt: number
  readonly closedAt: number | null
  readonly outcome: string | null
}

export type JournalEntry = Pick<JournalRow, 'taskId' | 'kind' | 'note' | 'secret'>

export interface JournalTable {
  /** Returns its id once it is on disk. */
  write(entry: JournalEntry): number
  /** Replaces what an open entry says. */
  amend(id: number, changed: Pick<JournalRow, 'note' | 'secret'>): void
  /** Open ones, oldest first: of one task, or of all. */
  open(kind: JournalRow['kind'], taskId?: string): readonly JournalRow[]
  /** All of a task, open and closed, oldest first. */
  of(taskId: string, kind: JournalRow['kind']): readonly JournalRow[]
  /** Its secret is forgotten. */
  close(id: number, outcome: string): void
}

const columns = `id, task_id AS taskId, kind, note, secret, written_at AS writtenAt, closed_at AS closedAt, outcome`

export function journalTable(database: Database): JournalTable {
  const write = database.prepare(
    'INSERT INTO journal (task_id, kind, note, secret, written_at) VALUES (?, ?, ?, ?, ?)',
  )
  const amend = database.prepare('UPDATE journal SET note = ?, secret = ? WHERE id = ? AND closed_at IS NULL')
  const openOfAll = database.prepare(
    `SELECT ${columns} FROM journal WHERE closed_at IS NULL AND kind = ? ORDER BY id`,
  )
  const openOfTask = database.prepare(
    `SELECT ${columns} FROM journal WHERE closed_at IS NULL AND kind = ? AND task_id = ? ORDER BY id`,
  )
  const ofTask = database.prepare(`SELECT ${columns} FROM journal WHERE task_id = ? AND kind = ? ORDER BY id`)
  const close = database.prepare(
    'UPDATE journal SET closed_at = ?, outcome = ?, secret = NULL WHERE id = ? AND closed_at IS NULL',
  )
  return {
    write: ({ taskId, kind, note, secret }) =>
      Number(write.run(taskId, kind, note, secret, Date.now()).lastInsertRowid),
    amend: (id, { note, secret }) => void amend.run(note, secret, id),
    open: (kind, taskId) =>
      (taskId === undefined ? openOfAll.all(kind) : openOfTask.all(kind, taskId)).map(rowOf),
    of: (taskId, kind) => ofTask.all(taskId, kind).map(rowOf),
    close: (id, outcome) => void close.run(Date.now(), outcome, id),
  }
}

function rowOf(found: unknown): JournalRow {
  const row = found as JournalRow
  return { ...row, secret: bytesOrNull(row.secret) }
}
