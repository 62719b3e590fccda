import { setTimeout as sleep } from 'node:timers/promises'
import { renewEveryMs } from './lease.ts'
import type { TargetSession } from './target-session.ts'

/** Renews the lease for as long as the stay lasts; a target that does not answer is found out by this too. */
export async function keepLease(
  session: Pick<TargetSession, 'renewLease'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(renewEveryMs, undefined, { signal }).catch(() => undefined)
    if (!signal.aborted) await session.renewLease()
  }
}
