import { FailureError, type Failure } from '#contract/failure.ts'
import type { Migrations } from '#migration/open.ts'

/** What a console needs of the migrations. */
export type Kept = Pick<
  Migrations,
  'profiles' | 'connections' | 'preferences' | 'protection' | 'tasks' | 'guidedBackups'
>

/**
 * Profiles and tasks where what keeps them cannot be opened: each use is refused with the reason, and the rest
 * of the console goes on.
 */
export function migrationsWithoutStore(failure: Failure): Kept & AsyncDisposable {
  const refusing = new Proxy(
    {},
    {
      get() {
        return () => {
          throw new FailureError(failure)
        }
      },
    },
  )
  return {
    profiles: refusing as Migrations['profiles'],
    connections: refusing as Migrations['connections'],
    preferences: refusing as Migrations['preferences'],
    protection: 'key-file',
    tasks: refusing as Migrations['tasks'],
    guidedBackups: refusing as Migrations['guidedBackups'],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
