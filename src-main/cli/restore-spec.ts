import { fail } from '#contract/failure.ts'
import { restoreSpecSchema, type RestoreRequest, type RestoreSpec } from '#contract/restore.ts'

/** Fills in the defaults of a restore. Fails with `usage.invalid` where two flags contradict each other. */
export function readSpec(request: RestoreRequest): RestoreSpec {
  if (request.targetDb !== undefined && request.dbMap !== undefined)
    fail('usage.invalid', {
      field: '--db-map',
      reason: '--target-db already sends everything to one database',
    })
  const read = restoreSpecSchema.safeParse(request)
  if (read.success) return read.data
  const [issue] = read.error.issues
  return fail('usage.invalid', { field: issue?.path.join('.') ?? '', reason: issue?.message ?? '' })
}
