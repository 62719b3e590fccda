import { setTimeout as sleep } from 'node:timers/promises'
import { toFailure } from '#contract/failure.ts'
import { freezeWrites } from './freeze.ts'
import type { FreezeJournal, KeptFreeze } from './record.ts'
import { watchFrozen, type Breach } from './watch.ts'

export interface KeepOptions {
  readonly signal: AbortSignal
  /** How often each server is looked at, milliseconds. */
  readonly everyMs?: number
  /** Runs what mends it, as nobody else may do something else there meanwhile; rejects, retryably, where that cannot be now. */
  readonly alone?: (mend: () => Promise<void>) => Promise<void>
  /** Called with whatever broke it. */
  readonly onBroken: (broken: Breach) => void
  /** Called whenever it was frozen once more, with how many connections were signed out. */
  readonly onFrozen: (clients: number) => void
}

const againMs = 500

/**
 * Sees to it that what is frozen under `name` stays so, until `signal` aborts or a person has taken it over: where it was
 * started anew, failed over, or a server of it came back, it is frozen once more. Our own writes go there, so who else
 * writes is found by others. Rejects where it cannot be frozen again.
 */
export async function keepFrozen(
  journal: FreezeJournal,
  name: string,
  { signal, everyMs, alone = (mend) => mend(), onBroken, onFrozen }: KeepOptions,
): Promise<void> {
  for (;;) {
    const kept = journal.open(name)[0]
    if (kept === undefined || signal.aborted) return
    const broken = await watchFrozen([kept.record], {
      signal,
      onLook: () => undefined,
      writesAreOurs: true,
      ...(everyMs !== undefined && { everyMs }),
    })
    if (broken === null) return
    const isOurs = isOursToMend(kept, broken)
    let told = false
    const mend = async (): Promise<void> => {
      // Undone by somebody who did not have to wait for us.
      if (journal.open(name).length === 0) return
      if (!told) onBroken(broken)
      told = true
      if (isOurs) onFrozen(await freezeAgain(journal, name, signal))
    }
    for (let done = false; !done && !signal.aborted;)
      try {
        await alone(mend)
        done = true
      } catch (thrown) {
        if (signal.aborted) return
        if (!toFailure(thrown).retryable) throw thrown
        await sleep(againMs, undefined, { signal }).catch(() => undefined)
      }
    if (!isOurs) return
  }
}

/** What a person froze or changed is theirs. */
export function isOursToMend({ record }: KeptFreeze, { breach }: Breach): boolean {
  return record.byHand !== true && ['restarted', 'role-changed', 'slots-moved'].includes(breach)
}

/** Freezes once more what is frozen under `name`; resolves with how many connections that signed out. */
export async function freezeAgain(
  journal: FreezeJournal,
  name: string,
  signal: AbortSignal,
): Promise<number> {
  const kept = journal.open(name)[0]
  if (kept === undefined) return 0
  const { connection, signedOut: before } = kept.record
  const { record } = await freezeWrites({ taskId: name, connection, journal, signal })
  return record.signedOut - before
}
