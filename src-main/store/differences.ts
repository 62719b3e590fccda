import type { Difference } from '#contract/difference.ts'
import type { Database } from './sqlite.ts'

/** What the newest comparison of a task has found, in full. */
export interface DifferenceTable {
  keep(taskId: string, found: readonly Difference[]): void
  of(taskId: string): readonly Difference[]
}

export function differenceTable(database: Database): DifferenceTable {
  const keep = database.prepare('INSERT OR REPLACE INTO differences (task_id, found) VALUES (?, ?)')
  const find = database.prepare('SELECT found FROM differences WHERE task_id = ?')
  return {
    keep: (taskId, found) => void keep.run(taskId, JSON.stringify(found)),
    of(taskId) {
      const row = find.get(taskId) as { found: string } | undefined
      return row === undefined ? [] : (JSON.parse(row.found) as readonly Difference[])
    },
  }
}
