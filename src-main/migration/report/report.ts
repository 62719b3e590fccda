import { hostname, userInfo } from 'node:os'
import type { MigrationReport, ReportForm } from '#contract/report.ts'
import type { TaskEvent } from '#contract/task.ts'
import { fileNameOf, type TextFile } from '#contract/text-file.ts'
import type { Locale } from '#contract/words/say-failure.ts'
import type { Tasks } from '../tasks.ts'
import { renderReport } from './html.ts'

const samplesShown = 400
const eventsAtOnce = 500

/** Gathers what is known of a task. Fails with `task.not-found`. */
function gatherReport(
  tasks: Pick<Tasks, 'get' | 'events' | 'history'>,
  id: string,
  keyferry: string,
): MigrationReport {
  const { actions: _now, events: _newest, ...task } = tasks.get(id)
  return {
    format: 'keyferry-migration-report',
    formatVersion: 1,
    madeAt: Date.now(),
    keyferry,
    madeOn: { host: hostname(), user: userName() },
    task,
    events: allEvents(tasks, id),
    samples: tasks.history(id, 0, samplesShown),
  }
}

/** The report of a task as a file: one HTML page that needs nothing else, or JSON. Fails with `task.not-found`. */
export function reportFile(
  tasks: Pick<Tasks, 'get' | 'events' | 'history'>,
  id: string,
  {
    form,
    locale,
    keyferry,
  }: { readonly form: ReportForm; readonly locale: Locale; readonly keyferry: string },
): TextFile {
  const report = gatherReport(tasks, id, keyferry)
  const day = new Date(report.task.startedAt ?? report.madeAt).toISOString().slice(0, 10)
  const name = `${fileNameOf(report.task.name, 'migration')}-${day}.${form}`
  return {
    name,
    text: form === 'json' ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report, locale),
  }
}

function allEvents(tasks: Pick<Tasks, 'events'>, id: string): readonly TaskEvent[] {
  const newestFirst: TaskEvent[] = []
  for (;;) {
    const some = tasks.events(id, newestFirst.at(-1)?.id, eventsAtOnce)
    newestFirst.push(...some)
    if (some.length < eventsAtOnce) return newestFirst.reverse()
  }
}

/** A system may have no name for the account it runs us as. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return ''
  }
}
