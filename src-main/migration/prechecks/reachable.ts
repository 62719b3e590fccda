import { passed, worstOf, type Check, type Finding, type LookedFor, type Reached } from './context.ts'
import type { Failure } from '#contract/failure.ts'

/** Can the side be reached and signed in to? Everything else waits for this. */
export function reachable(side: 'source' | 'target'): Check {
  return {
    id: `${side}-reachable`,
    side,
    async run(context) {
      const servers = await (side === 'source' ? context.sources : context.targets)
      const nodes = servers.map(({ address, reached }: LookedFor) => ({
        address,
        ...judge(reached),
      }))
      return worstOf(nodes)
    },
  }
}

function judge(reached: Reached | Failure): Finding {
  return 'control' in reached
    ? passed('reachable', { address: reached.facts.address, ms: reached.facts.latencyMs })
    : { state: 'failed', finding: 'not-reachable', params: reached.params, failure: reached }
}
