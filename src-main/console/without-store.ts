import { FailureError, type Failure } from '#contract/failure.ts'
import type { Migrations } from '#migration/open.ts'

/** What a console needs of the migrations. */
export type Kept = Pick<
  Migrations,
  | 'profiles'
  | 'consents'
  | 'connections'
  | 'preferences'
  | 'secrets'
  | 'tasks'
  | 'guidedBackups'
  | 'revisions'
>

export interface MaybeKept extends Kept, AsyncDisposable {
  /** Why nothing of them can be had; null where they can. */
  readonly withoutStore: Failure | null
}

/**
 * Profiles and tasks where what keeps them cannot be opened: each use is refused with the reason, and the rest
 * of the console goes on.
 */
export function migrationsWithoutStore(failure: Failure): MaybeKept {
  const refuse = (): never => {
    throw new FailureError(failure)
  }
  const refusing = new Proxy({}, { get: () => refuse })
  return {
    profiles: refusing as Migrations['profiles'],
    consents: refusing as Migrations['consents'],
    connections: refusing as Migrations['connections'],
    preferences: refusing as Migrations['preferences'],
    secrets: {
      get standing() {
        return refuse()
      },
      unlock: refuse,
      keep: refuse,
    },
    tasks: refusing as Migrations['tasks'],
    guidedBackups: refusing as Migrations['guidedBackups'],
    revisions: { all: () => ({ profiles: 0, connections: 0, guidedBackups: 0, preferences: 0 }) },
    withoutStore: failure,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
