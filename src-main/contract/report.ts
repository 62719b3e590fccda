import { z } from 'zod'
import type { TaskEvent, TaskSample, TaskView } from './task.ts'

export const reportFormSchema = z.enum(['html', 'json'])
export type ReportForm = z.infer<typeof reportFormSchema>

export const reportLocaleSchema = z.enum(['en', 'zh', 'ko'])

/**
 * Everything a finished (or ended, or running) migration has to say for itself. Holds no secret: it is made of
 * what a console sees. `format` and `formatVersion` tell a reader of the JSON what it is.
 */
export interface MigrationReport {
  readonly format: 'keyferry-migration-report'
  readonly formatVersion: 1
  /** Milliseconds since the epoch. */
  readonly madeAt: number
  /** The version of Keyferry that made it. */
  readonly keyferry: string
  /** The machine the migration ran from, and the account of its operator there. */
  readonly madeOn: { readonly host: string; readonly user: string }
  readonly task: Omit<TaskView, 'actions' | 'events'>
  /** All of them, oldest first. */
  readonly events: readonly TaskEvent[]
  /** Points of the plots over the whole run, thinned out to a few hundred, oldest first. */
  readonly samples: readonly TaskSample[]
}
