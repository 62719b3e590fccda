import { fail } from '#contract/failure.ts'
import { restoreSpecSchema, type RestoreRequest, type RestoreSpec } from '#contract/restore.ts'
import { flagOf } from './key-flags.ts'

/** Fills in the defaults of a restore. Fails with `usage.invalid` where two flags contradict each other. */
export function readSpec(request: RestoreRequest): RestoreSpec {
  const read = restoreSpecSchema.safeParse(request)
  if (read.success) return read.data
  const [issue] = read.error.issues
  return fail('usage.invalid', { field: flagOf(String(issue?.path[0] ?? '')), reason: issue?.message ?? '' })
}
