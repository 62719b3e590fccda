import { base } from './base.ts'
import { commands } from './procedures/commands.ts'
import { connections } from './procedures/connections.ts'
import { files } from './procedures/files.ts'
import { guidedBackups } from './procedures/guided-backups.ts'
import { host } from './procedures/host.ts'
import { kept } from './procedures/kept.ts'
import { practice } from './procedures/practice.ts'
import { preferences } from './procedures/preferences.ts'
import { profiles } from './procedures/profiles.ts'
import { readiness } from './procedures/readiness.ts'
import { restores } from './procedures/restores.ts'
import { secrets } from './procedures/secrets.ts'
import { tasks } from './procedures/tasks.ts'

/** Every procedure of the contract; one that is missing here does not compile. */
export const router = base.router({
  host,
  files,
  connections,
  kept,
  restores,
  practice,
  preferences,
  profiles,
  secrets,
  tasks,
  commands,
  guidedBackups,
  readiness,
})
