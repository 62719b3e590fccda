import { setTimeout as sleep } from 'node:timers/promises'
import { fail } from '#contract/failure.ts'
import type { Control } from '../redis/control.ts'
import { infoNumber, parseInfo, type Info } from '../redis/info.ts'

const rewriteLimitMs = 30 * 60_000

/**
 * A half transaction at the end of an append-only file is executed at the second restart (seen on 4.0 to 8.0):
 * a rewrite leaves none.
 */
export async function healAppendOnlyFile(control: Control, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + rewriteLimitMs
  const busy = (info: Info): boolean =>
    infoNumber(info, 'aof_rewrite_in_progress') === 1 || infoNumber(info, 'aof_rewrite_scheduled') === 1
  const look = async (): Promise<Info> => parseInfo(String(await control.call('INFO', 'persistence')))
  while (busy(await look())) await pause(deadline, control, signal)
  await control.call('BGREWRITEAOF')
  while (busy(await look())) await pause(deadline, control, signal)
}

async function pause(deadline: number, control: Control, signal: AbortSignal): Promise<void> {
  if (Date.now() > deadline) fail('target.cannot-persist', { address: control.address })
  await sleep(50, undefined, { signal })
}
