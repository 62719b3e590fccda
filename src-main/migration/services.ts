import type { JobRunner } from '#engine/worker/pool.ts'
import type { Store } from '#store/open.ts'
import type { FreezeJournal } from './freeze/record.ts'
import type { SettingsOf } from './settings.ts'
import type { TaskBook } from './task-book.ts'

/** What the work on a task needs. */
export interface RunServices {
  readonly store: Store
  readonly book: TaskBook
  readonly jobs: JobRunner
  readonly freezes: FreezeJournal
  /** Each task has a folder of its own in it. */
  readonly folder: string
}

/** The settings of one task, told into its events. */
export function settingsIn({ store, book }: RunServices, taskId: string): SettingsOf {
  return {
    taskId,
    journal: store.journal,
    tell: (level, code, params) => book.tell(taskId, level, code, params),
  }
}
