import type { FailureCode } from '#contract/failure.ts'

/** How long, without a single step forward, a state of the target is waited for, milliseconds. */
const patience: Partial<Record<FailureCode, number>> = {
  'connect.refused': 300_000,
  'connect.lost': 300_000,
  'connect.timeout': 300_000,
  'connect.unreachable': 300_000,
  'connect.unknown-host': 300_000,
  'target.loading': 1_800_000,
  'target.read-only': 300_000,
  'target.no-replicas': 120_000,
  'target.cannot-persist': 30_000,
  'server.busy': 120_000,
  'server.too-many-clients': 60_000,
  // Keys may expire or be evicted; but a full target mostly stays full until somebody acts.
  'target.out-of-memory': 10_000,
}

/** States that pass by themselves often enough to be waited for, once writing has begun. */
export function isPassing(code: FailureCode): boolean {
  return patience[code] !== undefined
}

export function patienceMs(code: FailureCode): number {
  return patience[code] ?? 0
}
