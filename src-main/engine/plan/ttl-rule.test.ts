import { expect, test } from 'vitest'
import type { TtlRule } from '#contract/selection.ts'
import { expiryByRule } from './ttl-rule.ts'

const now = 1_000_000

test.each<[TtlRule, number, number]>([
  [{ rule: 'keep' }, now + 5, now + 5],
  [{ rule: 'keep' }, now - 5, now - 5],
  [{ rule: 'none' }, now + 5, -1],
  [{ rule: 'none' }, now - 5, -1],
  [{ rule: 'set', ms: 60 }, now + 5, now + 60],
  [{ rule: 'set', ms: 60 }, now - 5, now + 60],
  [{ rule: 'extend', ms: 60 }, now + 5, now + 65],
  [{ rule: 'extend', ms: 60 }, now - 5, now + 55],
  [{ rule: 'extend', ms: 60 }, now - 90, now - 30],
])('%j makes %i into %i', (rule, expireAt, expected) => {
  expect(expiryByRule(rule, expireAt, now)).toBe(expected)
})

test.each<TtlRule>([{ rule: 'keep' }, { rule: 'none' }, { rule: 'set', ms: 60 }, { rule: 'extend', ms: 60 }])(
  '%j gives no expiry to a key without one',
  (rule) => {
    expect(expiryByRule(rule, -1, now)).toBe(-1)
  },
)
