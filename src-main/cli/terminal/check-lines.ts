import type { CheckResult } from '#contract/precheck.ts'
import { sayFailure } from '#contract/words/say-failure.ts'
import { sayFinding } from '#contract/words/say-finding.ts'

/** What the checks found that needs somebody, worst first; of those that passed or were accepted only with `all`. */
export function checkLines(results: readonly CheckResult[], all = false): readonly string[] {
  const open = results.filter(({ state, acceptedAt }) => all || (state !== 'passed' && acceptedAt === null))
  const worstFirst = [...open].sort((one, other) => weight(one) - weight(other))
  const skipped = open.filter(({ state }) => state === 'skipped').map(({ id }) => id)
  const found = worstFirst.flatMap((result) => {
    if (result.state === 'skipped') return []
    const said = sayFinding(result, 'en')
    const failure = result.failure === null ? null : sayFailure(result.failure, 'en')
    return [
      `${labels[result.state]} ${result.id}: ${failure?.what ?? said.found}`,
      ...[said.why, failure?.todo ?? said.mend, result.command ?? '']
        .filter((text) => text !== '')
        .map((text) => `  ${text}`),
    ]
  })
  if (skipped.length === 0) return found
  return [...found, `${labels.skipped} until the server can be reached: ${skipped.join(', ')}`]
}

const labels: Readonly<Record<CheckResult['state'], string>> = {
  failed: 'Failed ',
  'timed-out': 'No answer',
  warning: 'Warning',
  skipped: 'Skipped',
  running: 'Running',
  passed: 'Passed ',
}

function weight({ state }: CheckResult): number {
  return ['failed', 'timed-out', 'warning', 'skipped', 'running', 'passed'].indexOf(state)
}
