import type { Failure } from '#contract/failure.ts'
import { atLeast } from '#engine/redis/version.ts'
import type { LookedFor, Reached } from './context.ts'

/**
 * The servers of a target as if they were one: a server is itself; of a cluster's masters what all of them hold and have room
 * for, and what the oldest of them knows. Questions go to the first. Where one cannot be reached, why.
 */
export function together(servers: readonly LookedFor[]): Reached | Failure {
  const lost = servers.find(({ reached }) => !('control' in reached))
  if (lost !== undefined) return lost.reached
  const masters = servers.map(({ reached }) => reached as Reached)
  const first = masters[0]!
  if (first.facts.mode !== 'cluster') return first
  const facts = masters.map((one) => one.facts)
  const keys = facts.flatMap(({ keysPerDb }) => Object.values(keysPerDb))
  const limits = facts.map(({ maxMemory }) => maxMemory)
  return {
    ...first,
    facts: {
      ...first.facts,
      version: facts.map(({ version }) => version).reduce(older),
      usedMemory: sumOf(facts.map(({ usedMemory }) => usedMemory)),
      // One without a limit leaves room for whatever comes to it.
      maxMemory: limits.includes(0) ? 0 : sumOf(limits),
      keysPerDb: {
        0: {
          keys: keys.reduce((sum, one) => sum + one.keys, 0),
          expires: keys.reduce((sum, one) => sum + one.expires, 0),
        },
      },
      databases: 1,
      modules: first.facts.modules.filter((name) => facts.every(({ modules }) => modules.includes(name))),
      appendOnly: facts.some(({ appendOnly }) => appendOnly === false) ? false : first.facts.appendOnly,
    },
  }
}

function sumOf(numbers: readonly (number | null)[]): number | null {
  return numbers.reduce<number | null>(
    (sum, number) => (sum === null || number === null ? null : sum + number),
    0,
  )
}

function older(one: string, other: string): string {
  const [major = 0, minor = 0, patch = 0] = one.split('.').map(Number)
  return atLeast(other, major, minor, patch) ? one : other
}
