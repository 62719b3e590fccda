import type { Connection } from '#contract/connection.ts'
import type { FreezePlan } from '#contract/freeze.ts'
import { planFreeze } from './plan.ts'

/** What a freeze would do at all of these sources now, and to whom. Changes nothing there. */
export async function planFreezes(
  taskId: string,
  sources: readonly Connection[],
  signal?: AbortSignal,
): Promise<FreezePlan> {
  const plans = await Promise.all(sources.map((source) => planFreeze(taskId, source, signal)))
  if (plans.length === 1) return plans[0]!
  return {
    address: plans.map(({ address }) => address).join(', '),
    nodes: plans.flatMap(({ nodes }) => nodes),
    steps: inTurn(plans.flatMap(({ steps }) => steps)),
    clients: together(plans.flatMap(({ clients }) => clients)),
    clientCount: plans.reduce((sum, { clientCount }) => sum + clientCount, 0),
    users: [...new Set(plans.flatMap(({ users }) => users))],
    writesPerSecond: sumIfTold(plans.map(({ writesPerSecond }) => writesPerSecond)),
    readsPerSecond: sumIfTold(plans.map(({ readsPerSecond }) => readsPerSecond)),
    refusal: plans.find(({ refusal }) => refusal !== null)?.refusal ?? null,
  }
}

/** All sources take a step at the same time. */
function inTurn(steps: FreezePlan['steps']): FreezePlan['steps'] {
  const kinds = [...new Set(steps.map(({ kind }) => kind))]
  return [...steps].sort((one, other) => kinds.indexOf(one.kind) - kinds.indexOf(other.kind))
}

function together(clients: FreezePlan['clients']): FreezePlan['clients'] {
  const counts = new Map<string, FreezePlan['clients'][number]>()
  for (const client of clients) {
    const id = JSON.stringify([client.name, client.host])
    counts.set(id, { ...client, count: (counts.get(id)?.count ?? 0) + client.count })
  }
  return [...counts.values()].sort((one, other) => other.count - one.count)
}

function sumIfTold(numbers: readonly (number | null)[]): number | null {
  return numbers.includes(null) ? null : numbers.reduce<number>((sum, one) => sum + one!, 0)
}
