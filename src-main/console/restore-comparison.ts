import type { RestoreComparison } from '#contract/restore-view.ts'
import type { Difference } from '#contract/difference.ts'
import { toFailure } from '#contract/failure.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import {
  backupSchema,
  keptDifferences,
  restoredAsSchema,
  verifySpecSchema,
  type Backup,
  type RestoredAs,
  type VerifyMode,
  type VerifyProgress,
  type VerifySpec,
} from '#contract/verify.ts'
import type { JobRunner } from '#engine/worker/pool.ts'

export interface ComparisonOptions {
  readonly mode: VerifyMode
  /** What differs is written again from the files. */
  readonly repair: boolean
  /** A repair also deletes what only the target has. */
  readonly deleteExtra: boolean
}

/** Differences that the view tells; all of them are told beside it. */
const told = 100

/** Compares the target of a restore with its files. Resolves at the end; `tell` hears every change of the view. */
export async function compareRestore(
  jobs: JobRunner,
  restored: RestoreSpec,
  options: ComparisonOptions,
  signal: AbortSignal,
  tell: (view: RestoreComparison, differences?: readonly Difference[]) => void,
): Promise<void> {
  const { mode, repair } = options
  const began: RestoreComparison = {
    mode,
    repair,
    state: 'running',
    progress: null,
    result: null,
    failure: null,
  }
  tell(began)
  try {
    let progress: VerifyProgress | null = null
    const result = await jobs.run('verify', comparisonOf(restored, options), {
      signal,
      onProgress: (newest) => {
        progress = newest
        tell({ ...began, progress })
      },
      // The person has agreed to it beforehand, by name; an order that comes early counts.
      onStart: (give) => repair && give({ type: 'repair' }),
    })
    const { differences } = result
    tell(
      { ...began, state: 'done', progress, result: { ...result, differences: differences.slice(0, told) } },
      differences,
    )
  } catch (thrown) {
    const failure = toFailure(thrown)
    tell({ ...began, state: failure.code === 'job.cancelled' ? 'cancelled' : 'failed', failure })
  }
}

/** What the restore was told to leave out, rename or move is no difference. */
function comparisonOf(restored: RestoreSpec, { mode, repair, deleteExtra }: ComparisonOptions): VerifySpec {
  const { target } = restored
  const source = backupOf(restored)
  return verifySpecSchema.parse({ source, target, mode, listed: keptDifferences, repair, deleteExtra })
}

/** The files of a restore, with what it was told to do with them. */
export function backupOf(restored: RestoreSpec): Backup {
  const names = Object.keys(restoredAsSchema.shape) as readonly (keyof RestoredAs)[]
  const restoredAs = Object.fromEntries(names.map((name) => [name, restored[name]]))
  return backupSchema.parse({ files: restored.files, restoredAs })
}
