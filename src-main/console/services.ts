import type { HostCapabilities } from '#contract/api.ts'
import type { Housekeeping } from '#contract/preferences.ts'
import type { Connection, ServerFacts } from '#contract/connection.ts'
import type { Locale } from '#contract/words/say-failure.ts'
import type { JobRunner } from '#engine/worker/pool.ts'
import type { CommandConsents } from '#migration/command-consent.ts'
import type { Connections } from '#migration/connections.ts'
import type { GuidedBackups } from '#migration/guided-backup/guided-backups.ts'
import type { PreferenceBook } from '#migration/preferences.ts'
import type { Profiles } from '#migration/profiles.ts'
import type { KeyBox } from '#migration/secrets.ts'
import type { Tasks } from '#migration/tasks.ts'
import type { KeptChanges } from './kept-changes.ts'
import type { Log } from './log.ts'
import type { Practice } from './practice/practice.ts'
import type { Restores } from './restores.ts'

/** What the procedures need. A shell puts it together once; see `compose.ts`. */
export interface ConsoleServices {
  readonly host: HostCapabilities
  /** Opens the system's dialog; absent where `host.filePicker` is `browse`. */
  readonly pickFile: (() => Promise<string | null>) | undefined
  /** Has what the system shows beside the window speak its language; absent where there is nothing of that. */
  readonly speak: ((locale: Locale) => void) | undefined
  readonly jobs: JobRunner
  readonly restores: Restores
  readonly practice: Practice
  readonly profiles: Profiles
  readonly consents: CommandConsents
  readonly connections: Connections
  readonly preferences: PreferenceBook
  readonly housekeeping: Housekeeping
  readonly secrets: Pick<KeyBox, 'standing' | 'unlock' | 'keep'>
  readonly tasks: Tasks
  readonly guidedBackups: GuidedBackups
  readonly kept: KeptChanges
  readonly probe: (connection: Connection, signal?: AbortSignal) => Promise<ServerFacts>
  readonly log: Log
}
