import type { Connection } from '#contract/connection.ts'
import { toFailure } from '#contract/failure.ts'
import type { ProofView } from '#contract/task.ts'
import { keptDifferences, verifySpecSchema } from '#contract/verify.ts'
import type { RunServices } from './services.ts'

export interface ProofRequest {
  readonly source: Connection
  readonly target: Connection
  readonly mode: 'counts' | 'full'
  /** Writes are frozen and drained: the result is the proof of the cutover. */
  readonly underFreeze: boolean
}

/** Differences that a task's record tells; all of them are kept beside it. */
const told = 100

/** Compares both sides of a task and writes what comes of it in the book. Never rejects. */
export async function proveEqual(
  { book, jobs, store }: Pick<RunServices, 'book' | 'jobs' | 'store'>,
  taskId: string,
  { source, target, mode, underFreeze }: ProofRequest,
  signal: AbortSignal,
): Promise<void> {
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
    const spec = verifySpecSchema.parse({ source, target, mode, listed: keptDifferences, ...rounds })
    const result = await jobs.run('verify', spec, { signal, onProgress: (progress) => change({ progress }) })
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
  } catch (thrown) {
    change({ running: false, endedAt: Date.now(), failure: toFailure(thrown) })
  }
}
