import { leftOutRules, type LeftOut, type LeftOutRule } from '#contract/selection.ts'
import { count } from './figures.ts'

/** `by --db (3), --exclude (1,204)`: each flag with the keys it left out. */
export function leftOutBy(leftOut: LeftOut): string {
  const rules = leftOutRules.filter((rule) => leftOut[rule] > 0)
  return `by ${rules.map((rule) => `${flagsOfRules[rule]} (${count(leftOut[rule])})`).join(', ')}`
}

export const flagsOfRules: Readonly<Record<LeftOutRule, string>> = {
  db: '--db',
  type: '--type or --exclude-type',
  slot: '--slots',
  include: '--include',
  exclude: '--exclude',
}
