import { fail } from '#contract/failure.ts'
import type { VerifyProgress, VerifyResult, VerifySpec } from '#contract/verify.ts'

/** Compares two servers: key counts, or every value both ways. */
export function runVerify(
  _spec: VerifySpec,
  _report: (progress: VerifyProgress) => void,
  _signal: AbortSignal,
): Promise<VerifyResult> {
  fail('internal.unexpected', { message: 'verify is not built yet' })
}
