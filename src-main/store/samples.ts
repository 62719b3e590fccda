import type { TaskSample } from '#contract/task.ts'
import type { Database } from './sqlite.ts'

export interface SampleTable {
  add(taskId: string, sample: TaskSample): void
  /** Oldest first, from a time on; of more than `limit` every nth is given, and the last one always. */
  since(taskId: string, since: number, limit: number): readonly TaskSample[]
}

export function sampleTable(database: Database): SampleTable {
  const add = database.prepare('INSERT OR REPLACE INTO samples (task_id, at, figures) VALUES (?, ?, ?)')
  const count = database.prepare('SELECT count(*) AS count FROM samples WHERE task_id = ? AND at >= ?')
  const since = database.prepare(
    `SELECT at, figures FROM (
       SELECT at, figures, row_number() OVER (ORDER BY at DESC) - 1 AS place
       FROM samples WHERE task_id = ? AND at >= ?)
     WHERE place % ? = 0 ORDER BY at`,
  )
  return {
    add: (taskId, { at, ...figures }) => void add.run(taskId, at, JSON.stringify(figures)),
    since(taskId, from, limit) {
      const { count: there } = count.get(taskId, from) as { count: number }
      const step = Math.max(1, Math.ceil(there / limit))
      const rows = since.all(taskId, from, step) as { at: number; figures: string }[]
      return rows.map(({ at, figures }) => ({
        at,
        ...(JSON.parse(figures) as Omit<TaskSample, 'at'>),
      }))
    },
  }
}
