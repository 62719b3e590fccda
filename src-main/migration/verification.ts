import type { Connection } from '#contract/connection.ts'
import { toFailure } from '#contract/failure.ts'
import type { ProofView } from '#contract/task.ts'
import { keptDifferences, verifySpecSchema, type VerifyResult } from '#contract/verify.ts'
import type { RunServices } from './services.ts'

export interface ProofRequest {
  readonly sources: readonly Connection[]
  readonly target: Connection
  readonly mode: 'counts' | 'full'
  /** Writes are frozen and drained: the result is the proof of the cutover. */
  readonly underFreeze: boolean
  /** Resolves when whatever is changed in the target from then on is seen. */
  readonly guarded: () => Promise<void>
}

/** What a comparison may do about what it finds. */
interface Repairing {
  readonly repair: true
  readonly deleteExtra: boolean
}

/** Differences that a task's record tells; all of them are kept beside it. */
const told = 100

type ProofServices = Pick<RunServices, 'book' | 'jobs' | 'store'>

/** Compares both sides of a task and writes what comes of it in the book. Never rejects. */
export async function proveEqual(
  services: ProofServices,
  taskId: string,
  request: ProofRequest,
  signal: AbortSignal,
): Promise<void> {
  await compare(services, taskId, request, signal)
}

/**
 * Writes again what differs, then compares everything anew: what others may have done to the target while our own
 * writes kept the guard from seeing it, is found by that. Never rejects.
 */
export async function repairAndProve(
  services: ProofServices,
  taskId: string,
  request: Omit<ProofRequest, 'mode'> & Pick<Repairing, 'deleteExtra'> & { readonly onRepaired: () => void },
  signal: AbortSignal,
): Promise<void> {
  const { deleteExtra, onRepaired, ...sides } = request
  const found = await compare(services, taskId, { ...sides, mode: 'full' }, signal, {
    repair: true,
    deleteExtra,
  })
  onRepaired()
  if (found === null || found.repaired === null) return
  services.book.tell(taskId, 'info', 'proof.repaired', { ...found.repaired })
  await compare(services, taskId, { ...sides, mode: 'full' }, signal)
}

/** Null where it did not come to an end. */
async function compare(
  { book, jobs, store }: ProofServices,
  taskId: string,
  { sources, target, mode, underFreeze, guarded }: ProofRequest,
  signal: AbortSignal,
  repairing?: Repairing,
): Promise<VerifyResult | null> {
  const begun: ProofView = {
    mode,
    running: true,
    startedAt: Date.now(),
    endedAt: null,
    progress: null,
    result: null,
    failure: null,
    underFreeze,
    void: false,
  }
  book.change(taskId, { proof: begun })
  const change = (changed: Partial<ProofView>): void =>
    book.change(taskId, { proof: { ...begun, ...book.get(taskId).record.proof, ...changed } })
  try {
    // Nothing moves under a freeze but what expires; that is seen again at once.
    const rounds = underFreeze ? { roundDelayMs: 100 } : {}
    const source = { servers: [...sources] }
    const { rules } = book.get(taskId).body.options
    const chosen = rules === undefined ? {} : { rules }
    const asked = { source, target, mode, listed: keptDifferences, ...chosen, ...rounds, ...repairing }
    // Nobody guards it while a repair of ours writes.
    if (underFreeze && repairing === undefined) await guarded()
    const result = await jobs.run('verify', verifySpecSchema.parse(asked), {
      signal,
      onProgress: (progress) => change({ progress }),
      // It was agreed to before; an order that comes early counts.
      onStart: (give) => repairing && give({ type: 'repair' }),
    })
    const { differences } = result
    store.differences.keep(taskId, differences)
    change({
      running: false,
      endedAt: Date.now(),
      result: { ...result, differences: differences.slice(0, told) },
    })
    book.tell(taskId, result.equal ? 'info' : 'warning', 'proof.done', {
      keys: mode === 'full' ? result.compared : result.sourceKeys,
      differing: result.differing,
      ms: result.elapsedMs,
    })
    return result
  } catch (thrown) {
    change({ running: false, endedAt: Date.now(), failure: toFailure(thrown) })
    return null
  }
}
