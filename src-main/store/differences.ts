import type { Difference } from '#contract/difference.ts'
import type { Database } from './sqlite.ts'

/** What the newest comparison of a task has found, in full. */
export interface DifferenceTable {
  /** In place of those that were kept before. */
  keep(taskId: string, found: readonly Difference[]): void
  of(taskId: string): readonly Difference[]
  count(taskId: string): number
  /** At most `limit` of them, from the place `from` on. */
  page(taskId: string, from: number, limit: number): readonly Difference[]
}

/** Differences in one row: a page of a list is in one or two of them. */
const partSize = 500

interface Part {
  readonly first: number
  readonly found: string
}

export function differenceTable(database: Database): DifferenceTable {
  const forget = database.prepare('DELETE FROM difference_parts WHERE task_id = ?')
  const add = database.prepare('INSERT INTO difference_parts VALUES (?, ?, ?, ?)')
  const sum = database.prepare(
    'SELECT coalesce(sum(count), 0) AS count FROM difference_parts WHERE task_id = ?',
  )
  const overlapping = database.prepare(
    `SELECT first, found FROM difference_parts
     WHERE task_id = ? AND first + count > ? AND first < ? ORDER BY first`,
  )
  const between = (taskId: string, from: number, to: number): readonly Difference[] =>
    (overlapping.all(taskId, from, to) as Part[]).flatMap(({ first, found }) =>
      (JSON.parse(found) as readonly Difference[]).slice(Math.max(0, from - first), to - first),
    )
  return {
    keep(taskId, found) {
      // All or none: a list that lacks its end would be taken for the whole.
      database.exec('SAVEPOINT differences')
      try {
        forget.run(taskId)
        for (let first = 0; first < found.length; first += partSize) {
          const part = found.slice(first, first + partSize)
          add.run(taskId, first, part.length, JSON.stringify(part))
        }
      } catch (thrown) {
        database.exec('ROLLBACK TO differences')
        throw thrown
      } finally {
        database.exec('RELEASE differences')
      }
    },
    of: (taskId) => between(taskId, 0, Number.MAX_SAFE_INTEGER),
    count: (taskId) => (sum.get(taskId) as { count: number }).count,
    page: (taskId, from, limit) => between(taskId, from, from + limit),
  }
}
