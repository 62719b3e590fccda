import { connectionTable, type ConnectionTable } from './connections.ts'
import { differenceTable, type DifferenceTable } from './differences.ts'
import { eventTable, type EventTable } from './events.ts'
import { guidedBackupTable, type GuidedBackupTable } from './guided-backups.ts'
import { journalTable, type JournalTable } from './journal.ts'
import { migrate } from './migrate.ts'
import { profileTable, type ProfileTable } from './profiles.ts'
import { sampleTable, type SampleTable } from './samples.ts'
import { revisionTable, type RevisionTable } from './revisions.ts'
import { preferenceTable, type PreferenceTable } from './preferences.ts'
import { guarded, openDatabase } from './sqlite.ts'
import { taskTable, type TaskTable } from './tasks.ts'

/** What Keyferry keeps. Every write is on disk when the call returns; refusals are `store.*` failures. */
export interface Store extends Disposable {
  readonly profiles: ProfileTable
  readonly connections: ConnectionTable
  readonly preferences: PreferenceTable
  readonly tasks: TaskTable
  readonly events: EventTable
  readonly samples: SampleTable
  readonly journal: JournalTable
  readonly differences: DifferenceTable
  readonly guidedBackups: GuidedBackupTable
  readonly revisions: RevisionTable
  /** A number that differs once another process has written since; it says nothing of our own writes. */
  foreignWrites(): number
}

/** Opens the store in a file, made if it is not there, and brings it to the newest shape. */
export function openStore(file: string): Store {
  const database = openDatabase(file)
  guarded(file, () => migrate(database, file))
  const dataVersion = database.prepare('PRAGMA data_version')
  const guard = <T extends object>(table: T): T => guardedTable(file, table)
  return {
    profiles: guard(profileTable(database)),
    connections: guard(connectionTable(database)),
    preferences: guard(preferenceTable(database)),
    tasks: guard(taskTable(database)),
    events: guard(eventTable(database)),
    samples: guard(sampleTable(database)),
    journal: guard(journalTable(database)),
    differences: guard(differenceTable(database)),
    guidedBackups: guard(guidedBackupTable(database)),
    revisions: guard(revisionTable(database)),
    foreignWrites: () => guarded(file, () => (dataVersion.get() as { data_version: number }).data_version),
    [Symbol.dispose]: () => void database.close(),
  }
}

/** The same table, with SQLite's refusals named. */
function guardedTable<T extends object>(file: string, table: T): T {
  const methods = Object.entries(table) as [string, (...args: unknown[]) => unknown][]
  return Object.fromEntries(
    methods.map(([name, method]) => [name, (...args: unknown[]) => guarded(file, () => method(...args))]),
  ) as T
}
