import type { Connection } from '#contract/connection.ts'
import { freezeWrites, isRefusal, makeSecret, type FreezeRequest } from './freeze.ts'
import { freezeOf, type KeptFreeze } from './record.ts'
import { unfreezeWrites } from './unfreeze.ts'

export interface SourcesFreezeRequest extends Omit<FreezeRequest, 'connection' | 'onCredentials'> {
  readonly sources: readonly Connection[]
  /** As `FreezeRequest` has it, for the source of this number. */
  readonly onCredentials?: ((source: number, connection: Connection) => void) | undefined
}

/**
 * Stops all writes at several sources at once, each as `freezeWrites` does, all with one new password. Where one of them
 * refuses, those that were not frozen before are let go again: nobody writes to a part of a data set alone. Gives what
 * is kept of each, in the order of the sources.
 */
export async function freezeSources({
  sources,
  onCredentials,
  ...request
}: SourcesFreezeRequest): Promise<readonly KeptFreeze[]> {
  const { taskId, journal, signal } = request
  const before = journal.open(taskId)
  const newPassword = request.newPassword ?? makeSecret()
  const outcomes = await Promise.allSettled(
    sources.map((connection, source) =>
      freezeWrites({
        ...request,
        connection,
        newPassword,
        onCredentials: (changed) => onCredentials?.(source, changed),
      }),
    ),
  )
  const refused = outcomes.find((one) => one.status === 'rejected')
  const frozen = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  if (refused === undefined) return frozen
  const fresh = frozen.filter(({ record }) => freezeOf(before, record.connection) === undefined)
  if (isRefusal(refused.reason))
    await Promise.allSettled(
      fresh.map((kept) =>
        unfreezeWrites({
          kept,
          journal,
          signal,
          onRestored: () => onCredentials?.(sources.indexOf(kept.record.connection), kept.record.connection),
        }),
      ),
    )
  throw refused.reason
}
