import { fail } from '#contract/failure.ts'
import type { SyncOrder, SyncProgress, SyncResult, SyncSpec } from '#contract/sync.ts'
import type { OrderInbox } from '../worker/protocol.ts'

/** Follows a live source into a target until told to end. */
export function runSync(
  _spec: SyncSpec,
  _report: (progress: SyncProgress) => void,
  _signal: AbortSignal,
  _orders: OrderInbox<SyncOrder>,
): Promise<SyncResult> {
  fail('internal.unexpected', { message: 'sync is not built yet' })
}
