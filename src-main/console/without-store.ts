import { FailureError, type Failure } from '#contract/failure.ts'
import type { Profiles } from '#migration/profiles.ts'
import type { Tasks } from '#migration/tasks.ts'

/**
 * Profiles and tasks where what keeps them cannot be opened: each use is refused with the reason, and the rest
 * of the console goes on.
 */
export function migrationsWithoutStore(
  failure: Failure,
): { profiles: Profiles; tasks: Tasks } & AsyncDisposable {
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
    profiles: refusing as Profiles,
    tasks: refusing as Tasks,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
