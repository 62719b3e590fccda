import type { TtlRule } from '#contract/selection.ts'

/**
 * When a key is to expire on the target: absolute milliseconds of its clock, -1 for never. `expireAt` is what the
 * file says, in the same form; `now` is the target's time. What lies before `now` has expired.
 */
export function expiryByRule(rule: TtlRule, expireAt: number, now: number): number {
  if (expireAt < 0) return -1
  switch (rule.rule) {
    case 'keep':
      return expireAt
    case 'none':
      return -1
    case 'set':
      return now + rule.ms
    case 'extend':
      return expireAt + rule.ms
  }
}
