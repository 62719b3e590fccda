import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fail } from '#contract/failure.ts'
import type { Control } from '../redis/control.ts'
import { watchedTransaction } from '../redis/watched-transaction.ts'
import type { TaskKeys } from './checkpoint.ts'

const leaseMs = 30_000
/** To be renewed this often by its holder. */
export const renewEveryMs = 3_000
const lookAgainMs = 500

/** Which run of which process holds a task. */
export interface Holder {
  readonly run: string
  readonly host: string
  readonly pid: number
}

export function thisProcess(run: string): Holder {
  return { run, host: hostname(), pid: process.pid }
}

/**
 * Takes the lease of a task, so that no two runs work on it. A holder that is dead (its process is gone from
 * this machine, or the target knows no connection of it) is succeeded at once; else its lease is waited for.
 * Rejects with `task.held-elsewhere` when the holder is seen to renew it.
 */
export async function takeLease(
  control: Control,
  keys: TaskKeys,
  holder: Holder,
  isConnected: (run: string) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  let leftBefore = Number.POSITIVE_INFINITY
  for (;;) {
    await control.call('WATCH', keys.lease)
    const other = parseHolder(await control.call('GET', keys.lease))
    const free =
      other === null || other.run === holder.run || isGone(other) || !(await isConnected(other.run))
    if (free) {
      const taken = await watchedTransaction(control, [
        ['SET', keys.lease, JSON.stringify(holder), 'PX', leaseMs],
      ])
      if (taken !== null) return
      continue
    }
    await control.call('UNWATCH')
    const left = Number(await control.call('PTTL', keys.lease))
    if (left > leftBefore)
      fail('task.held-elsewhere', { address: control.address, host: other.host, pid: other.pid })
    leftBefore = left
    await sleep(lookAgainMs, undefined, { signal })
  }
}

/** Keeps the lease. Rejects with `task.held-elsewhere` if another run has it by now. */
export async function renewLease(control: Control, keys: TaskKeys, holder: Holder): Promise<void> {
  for (;;) {
    const replies = await watchedTransaction(control, [
      ['GET', keys.lease],
      ['PEXPIRE', keys.lease, leaseMs],
    ])
    const found = replies?.[0]
    const other = parseHolder(Buffer.isBuffer(found) ? found.toString() : null)
    if (other?.run === holder.run) return
    if (other !== null)
      fail('task.held-elsewhere', { address: control.address, host: other.host, pid: other.pid })
    // It had run out while we were held up. Only one can take it up again; that may have been ourselves, in a
    // transaction of another connection of ours that brings it along, so whose it is now has to be looked at.
    const taken = await control.call('SET', keys.lease, JSON.stringify(holder), 'PX', leaseMs, 'NX')
    if (taken !== null) return
  }
}

/** The value a lease is set to, for writing it back where a FLUSHALL of the source takes it away. */
export function leaseCommand(keys: TaskKeys, holder: Holder): readonly [string, ...(string | number)[]] {
  return ['SET', keys.lease, JSON.stringify(holder), 'PX', leaseMs]
}

function parseHolder(text: unknown): Holder | null {
  if (typeof text !== 'string') return null
  try {
    return JSON.parse(text) as Holder
  } catch {
    return { run: '', host: '', pid: 0 }
  }
}

/** True only when it is certain: the process ran on this machine and is no more. */
function isGone({ host, pid }: Holder): boolean {
  if (host !== hostname() || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
