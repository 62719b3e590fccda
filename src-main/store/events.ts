import type { TaskEvent } from '#contract/task.ts'
import type { Database } from './sqlite.ts'

export interface EventTable {
  add(taskId: string, event: Omit<TaskEvent, 'id'>): TaskEvent
  /** Newest first, those before an id. */
  newest(taskId: string, limit: number, before?: number): readonly TaskEvent[]
}

export function eventTable(database: Database): EventTable {
  const add = database.prepare('INSERT INTO events (task_id, at, level, code, params) VALUES (?, ?, ?, ?, ?)')
  const newest = database.prepare(
    'SELECT id, at, level, code, params FROM events WHERE task_id = ? AND id < ? ORDER BY id DESC LIMIT ?',
  )
  return {
    add(taskId, event) {
      const { lastInsertRowid } = add.run(
        taskId,
        event.at,
        event.level,
        event.code,
        JSON.stringify(event.params),
      )
      return { id: Number(lastInsertRowid), ...event }
    },
    newest: (taskId, limit, before = Number.MAX_SAFE_INTEGER) =>
      (newest.all(taskId, before, limit) as (Omit<TaskEvent, 'params'> & { params: string })[]).map(
        (row) => ({ ...row, params: JSON.parse(row.params) as TaskEvent['params'] }),
      ),
  }
}
