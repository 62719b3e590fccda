import { fail } from '#contract/failure.ts'
import type { RepairResult, VerifyOrder, VerifySpec } from '#contract/verify.ts'
import { ReplyError } from '../resp/decode.ts'
import type { OrderInbox } from '../worker/protocol.ts'
import type { Questioned } from './db-link.ts'
import { byDatabase, type Findings, type KeyDifference } from './findings.ts'
import type { VerifyMeter } from './verify-meter.ts'

/** Keys deleted with one round trip. */
const deletedAtOnce = 1_000

interface RepairParts {
  readonly spec: Pick<VerifySpec, 'mode' | 'repair' | 'deleteExtra'>
  readonly findings: Findings
  readonly functionsDiffer: boolean
  readonly meter: VerifyMeter
  readonly orders: OrderInbox<VerifyOrder>
  readonly target: Questioned
  readonly signal: AbortSignal
  /** Writes these keys again from the source, and its function libraries; gives how many keys were written. */
  readonly write: (differences: readonly KeyDifference[]) => Promise<number>
  /** Compares these keys once more; what still differs is a finding again. */
  readonly compareAgain: (differences: readonly KeyDifference[]) => Promise<void>
}

/**
 * Once the order has come, writes what differs or is missing again, deletes what only the target has where that
 * was asked for, and compares every key it touched again. Null: there was nothing to do, or it was not to be; nor
 * is anything done where more differs than is kept, for then the two sides are not the same data set.
 */
export async function repair(parts: RepairParts): Promise<RepairResult | null> {
  const { spec, findings, functionsDiffer, meter, orders, target, signal } = parts
  if (!spec.repair || spec.mode === 'counts' || findings.tooMany) return null
  const isToDo = ({ kind }: KeyDifference): boolean =>
    kind === 'extra' ? spec.deleteExtra : kind !== 'misplaced' && kind !== 'shared'
  if (!functionsDiffer && !findings.kept.some(isToDo)) return null
  meter.enter('asking')
  if ((await firstOrder(orders, signal)).type === 'leave') return null
  const before = findings.take()
  const toDo = before.filter(isToDo)
  findings.note(before.filter((difference) => !isToDo(difference)))
  meter.enter('repairing', toDo.length)
  const extra = toDo.filter(({ kind }) => kind === 'extra')
  const others = toDo.filter(({ kind }) => kind !== 'extra')
  const deleted = await deleteKeys(target, extra)
  const written = others.length > 0 || functionsDiffer ? await parts.write(others) : 0
  meter.enter('looking-again', others.length)
  await parts.compareAgain(others)
  return { written, deleted }
}

function firstOrder(orders: OrderInbox<VerifyOrder>, signal: AbortSignal): Promise<VerifyOrder> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      try {
        fail('job.cancelled')
      } catch (thrown) {
        reject(thrown as Error)
      }
    }
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    orders.listen((order) => {
      signal.removeEventListener('abort', end)
      resolve(order)
    })
  })
}

/** UNLINK (4.0) does not keep the server, however large a value is. */
async function deleteKeys(target: Questioned, differences: readonly KeyDifference[]): Promise<number> {
  let deleted = 0
  for (const [db, keys] of byDatabase(differences))
    for (let at = 0; at < keys.length; at += deletedAtOnce) {
      const some = keys.slice(at, at + deletedAtOnce)
      let replies = await target.askAll(
        db,
        some.map((key) => ['UNLINK', key]),
      )
      if (replies[0] instanceof ReplyError)
        replies = await target.askAll(
          db,
          some.map((key) => ['DEL', key]),
        )
      deleted += replies.filter((reply) => reply === 1).length
    }
  return deleted
}
