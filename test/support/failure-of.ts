import { expect } from 'vitest'
import { FailureError, type Failure } from '#contract/failure.ts'

/** Why `work` failed; that it did not, or failed with what nobody can be told, fails the test. */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  return await work.then(
    () => expect.fail('it went well'),
    (thrown: unknown) => (thrown instanceof FailureError ? thrown.failure : expect.fail(String(thrown))),
  )
}
