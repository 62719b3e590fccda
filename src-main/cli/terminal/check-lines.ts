import type { CheckResult, NodeFinding } from '#contract/precheck.ts'
import { sayFailure } from '#contract/words/say-failure.ts'
import { sayFinding } from '#contract/words/say-finding.ts'
import { wrap } from './wrap.ts'

/**
 * What the checks found that needs somebody, worst first, for a terminal of `columns`; of those that passed or were
 * accepted only with `all`.
 */
export function checkLines(
  results: readonly CheckResult[],
  { all = false, columns = Infinity } = {},
): readonly string[] {
  const open = results.filter(({ state, acceptedAt }) => all || (state !== 'passed' && acceptedAt === null))
  const worstFirst = [...open].sort((one, other) => weight(one) - weight(other))
  const skipped = open.filter(({ state }) => state === 'skipped').map(({ id }) => id)
  const found = worstFirst.flatMap((result) => {
    if (result.state === 'skipped') return []
    const said = sayFinding(result, 'en')
    const failure = result.failure === null ? null : sayFailure(result.failure, 'en')
    return [
      ...(result.nodes === undefined
        ? [`${labels[result.state]} ${result.id}: ${failure?.what ?? said.found}`]
        : nodeLines(result, result.nodes)),
      ...[said.why, failure?.todo ?? said.mend]
        .filter((text) => text !== '')
        .map((text) => wrap(text, columns, '  ')),
      ...(result.command ? [`  ${result.command}`] : []),
    ]
  })
  if (skipped.length === 0) return found
  return [...found, `${labels.skipped} until the server can be reached: ${skipped.join(', ')}`]
}

/** Of several servers those that need somebody, by their addresses: `Warning source-busy: 10.0.0.4:6379: …`. */
function nodeLines({ id }: CheckResult, nodes: readonly NodeFinding[]): readonly string[] {
  const open = nodes.filter(({ state }) => state !== 'passed')
  return open.length === 0
    ? [`${labels.passed} ${id}: at each of ${nodes.length} servers.`]
    : open.map((node) => nodeLine(id, node))
}

function nodeLine(id: CheckResult['id'], node: NodeFinding): string {
  const { address, state, failure, params = {} } = node
  const found =
    failure === undefined ? sayFinding({ ...node, params }, 'en').found : sayFailure(failure, 'en').what
  return `${labels[state]} ${id}: ${address}: ${found}`
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
