import type { Connection } from '#contract/connection.ts'
import type { Passwords, ProfileInput, ProfileView } from '#contract/profile.ts'

/** Saved migration plans. Refusals are `profile.*` and `store.*` failures. */
export interface Profiles {
  /** Latest change first. */
  list(): readonly ProfileView[]
  get(id: string): ProfileView
  save(input: ProfileInput): ProfileView
  duplicate(id: string, name: string): ProfileView
  remove(id: string): void
  /** How to reach one side, with its password opened; `task.password-needed` where it has to be typed. */
  connection(id: string, side: 'source' | 'target', passwords?: Passwords): Connection
}
