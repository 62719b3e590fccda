import { FailureError, makeFailure, toFailure } from '#contract/failure.ts'

/**
 * Names what kept something of ours from being written into a folder. Without it, the code of a full disk would be taken
 * for a socket's by who has both at hand.
 */
export function diskFailure(thrown: unknown, folder: string): FailureError {
  if (thrown instanceof FailureError) return thrown
  const { code } = thrown as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new FailureError(makeFailure('store.disk-full', { folder }, code))
  return new FailureError(toFailure(thrown))
}

/** Resolves as `work` does; rejects with what its trouble with `folder` is called. */
export async function onDisk<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (thrown) {
    throw diskFailure(thrown, folder)
  }
}
