import type { VerifyOrder, VerifyProgress, VerifyResult, VerifySpec } from '#contract/verify.ts'
import type { OrderInbox } from '../worker/protocol.ts'
import { verifyBackup } from './backup.ts'
import { verifyServers } from './servers.ts'

/**
 * Compares a server, several together, or backup files, with a server, and where it was asked for repairs what differs. Fails with
 * `file.*`, `connect.*`, `auth.*`, `job.cancelled`.
 */
export async function runVerify(
  spec: VerifySpec,
  report: (progress: VerifyProgress) => void,
  signal: AbortSignal,
  orders: OrderInbox<VerifyOrder> = noOrders,
): Promise<VerifyResult> {
  const { source, ...rest } = spec
  if ('files' in source) return await verifyBackup({ ...rest, source }, report, signal, orders)
  const sources = 'servers' in source ? source.servers : [source]
  return await verifyServers({ ...rest, sources }, report, signal, orders)
}

/** Nobody will ask for a repair. */
const noOrders: OrderInbox<VerifyOrder> = { listen: () => undefined }
