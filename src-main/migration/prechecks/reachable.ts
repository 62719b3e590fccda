import type { Check } from './context.ts'

/** Can the side be reached and signed in to? Everything else waits for this. */
export function reachable(side: 'source' | 'target'): Check {
  return {
    id: `${side}-reachable`,
    side,
    async run(context) {
      const reached = await context[side]
      if ('control' in reached)
        return {
          state: 'passed',
          finding: 'reachable',
          params: { address: reached.facts.address, ms: reached.facts.latencyMs },
        }
      return { state: 'failed', finding: 'not-reachable', params: reached.params, failure: reached }
    },
  }
}
