import type { Connection } from '#contract/connection.ts'
import { FailureError, type Failure } from '#contract/failure.ts'

/** Has what keeps us from a server tell by what it is reached, where a person has said: what to do goes by that. */
export async function tellingAccess<T>({ access }: Connection, reached: Promise<T>): Promise<T> {
  try {
    return await reached
  } catch (thrown) {
    if (access === undefined || !(thrown instanceof FailureError)) throw thrown
    const failure: Failure = { ...thrown.failure, params: { ...thrown.failure.params, access } }
    throw new FailureError(failure)
  }
}
