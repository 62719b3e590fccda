import { sayDifference } from '#contract/words/say-difference.ts'
import { sayName } from '#contract/words/say-name.ts'
import { keptDifferences, type VerifyProgress, type VerifyResult } from '#contract/verify.ts'
import { bytes, count, duration, keys } from './figures.ts'

/** How a comparison stands right now. */
export function verifyStatus({ phase, loading, keysDone, keysTotal, differing }: VerifyProgress): string {
  const found = differing === 0 ? '' : `, ${count(differing)} differ`
  switch (phase) {
    case 'loading':
      return `A server of ours loads the append-only file: ${bytes(loading?.bytesDone ?? 0)} of ${bytes(loading?.bytesTotal ?? 0)}`
    case 'reading':
      return `Reading the backup: ${keys(keysDone)}`
    case 'counting':
      return 'Counting'
    case 'looking-again':
      return `Looking again at ${keys(keysTotal)}${found}`
    case 'repairing':
      return `Repairing ${keys(keysTotal)}`
    default:
      return `Comparing: ${count(keysDone)} of ${keys(keysTotal)}${found}`
  }
}

/** What a comparison found, one string a line. */
export function verifyLines(
  result: VerifyResult,
  { ofBackup = false, repair = false }: { readonly ofBackup?: boolean; readonly repair?: boolean } = {},
): readonly string[] {
  const {
    mode,
    equal,
    counts,
    sourceKeys,
    targetKeys,
    compared,
    differing,
    differences,
    functions,
    elapsedMs,
  } = result
  const what = {
    counts: 'counts compared',
    sample: `a sample of ${keys(compared)} compared by value`,
    full: `${keys(compared)} compared by value, both ways`,
  }[mode]
  const side = ofBackup ? 'backup' : 'source'
  const databases = counts.filter(({ source: here, target: there }) => here !== there)
  return [
    `Both sides ${equal ? 'are equal' : 'differ'}: ${what}, in ${duration(elapsedMs)}.`,
    ...repairLines(result, repair),
    `  ${side} ${keys(sourceKeys)}, target ${keys(targetKeys)}`,
    ...explainedLines(result, side),
    ...databases.map(({ db, source: here, target: there }) => `  db ${db}: ${count(here)} | ${count(there)}`),
    ...(functions === 'equal' || functions === 'counts'
      ? []
      : [`  ${sayName('functions', functions, 'en')}`]),
    ...differences
      .slice(0, shown)
      .map(({ db, key, kind, detail }) =>
        `  db ${db}  ${key}  ${kind}  ${sayDifference(detail, 'en')}`.trimEnd(),
      ),
    ...(differing > shown ? [`  … and ${count(differing - shown)} more`] : []),
  ]
}

function repairLines({ repaired, differing }: VerifyResult, isWanted: boolean): readonly string[] {
  if (repaired !== null)
    return [`  repaired: ${keys(repaired.written)} written again, ${keys(repaired.deleted)} deleted`]
  if (!isWanted || differing === 0) return []
  return differing > keptDifferences
    ? [`  not repaired: more than ${keys(keptDifferences)} differ; restore the backup over it instead`]
    : ['  not repaired']
}

function explainedLines(
  { explained: { expired, filtered, lost } }: VerifyResult,
  side: 'backup' | 'source',
): readonly string[] {
  return [
    ...(expired > 0 ? [`  of the ${side} ${keys(expired)} expired since`] : []),
    ...(filtered > 0 ? [`  of the ${side} ${keys(filtered)} left out by the selection`] : []),
    ...(lost > 0 ? [`  of the ${side} ${keys(lost)} of types the target cannot hold`] : []),
  ]
}

const shown = 20
