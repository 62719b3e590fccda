import type { VerifyResult } from '#contract/verify.ts'
import { count, duration, keys } from './figures.ts'

/** What a comparison found, one string a line. */
export function verifyLines(result: VerifyResult): readonly string[] {
  const { mode, equal, counts, sourceKeys, targetKeys, compared, differing, differences, elapsedMs } = result
  const what = mode === 'full' ? `${keys(compared)} compared by value, both ways` : 'counts compared'
  const databases = counts.filter(({ source, target }) => source !== target)
  return [
    equal
      ? `Both sides are equal: ${what}, in ${duration(elapsedMs)}.`
      : `Both sides differ: ${what}, in ${duration(elapsedMs)}.`,
    `  source ${keys(sourceKeys)}, target ${keys(targetKeys)}`,
    ...databases.map(({ db, source, target }) => `  db ${db}: ${count(source)} | ${count(target)}`),
    ...(result.functionsDiffer ? ['  function libraries differ'] : []),
    ...differences
      .slice(0, shown)
      .map(({ db, key, kind, detail }) => `  db ${db}  ${key}  ${kind}  ${detail}`.trimEnd()),
    ...(differing > shown ? [`  … and ${count(differing - shown)} more`] : []),
  ]
}

const shown = 20
