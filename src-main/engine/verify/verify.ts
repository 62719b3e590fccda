import type { VerifyOrder, VerifyProgress, VerifyResult, VerifySpec } from '#contract/verify.ts'
import type { OrderInbox } from '../worker/protocol.ts'
import { verifyBackup } from './backup.ts'
import { verifyServers } from './servers.ts'

/**
 * Compares a server, or backup files, with a server, and where it was asked for repairs what differs. Fails with
 * `file.*`, `connect.*`, `auth.*`, `job.cancelled`.
 */
export async function runVerify(
  spec: VerifySpec,
  report: (progress: VerifyProgress) => void,
  signal: AbortSignal,
  orders: OrderInbox<VerifyOrder> = noOrders,
): Promise<VerifyResult> {
  const { source, ...rest } = spec
  return 'files' in source
    ? await verifyBackup({ ...rest, source }, report, signal, orders)
    : await verifyServers({ ...rest, source }, report, signal, orders)
}

/** Nobody will ask for a repair. */
const noOrders: OrderInbox<VerifyOrder> = { listen: () => undefined }
