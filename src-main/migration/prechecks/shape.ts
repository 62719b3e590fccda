import type { Control } from '#engine/redis/control.ts'
import { infoNumber, parseInfo } from '#engine/redis/info.ts'
import { onAll, passed, sumOf, warning, type Finding } from './context.ts'

const gib = 1024 ** 3

/** What one primary is advised for: as much now, as much later, so many commands a second. */
const now = 12 * gib
const later = 60 * gib
const commandsPerSecond = 40_000

/** Is one primary the right shape for what the source holds and answers, or a cluster? */
export const shape = onAll('shape', 'both', async (sources, { facts: target }) => {
  const alone = sources.filter(({ facts }) => facts.mode !== 'cluster')
  const transactions = await Promise.all(alone.map(({ control }) => countTransactions(control)))
  return judgeShape({
    used: sumOf(sources, ({ facts }) => facts.usedMemory),
    ops: sumOf(sources, ({ info }) => infoNumber(info, 'instantaneous_ops_per_sec')),
    limit: target.maxMemory ?? 0,
    cluster: target.mode === 'cluster',
    transactions: transactions.reduce((sum, count) => sum + count, 0),
  })
})

export interface Load {
  readonly used: number
  /** Commands a second. */
  readonly ops: number
  /** Memory the target may use; 0: no limit. */
  readonly limit: number
  /** The target is one. */
  readonly cluster: boolean
  /** Transactions and scripts since the source was started. */
  readonly transactions: number
}

export function judgeShape({ used, ops, limit, cluster, transactions }: Load): Finding {
  const params = { used, ops }
  if (cluster)
    return transactions > 0
      ? warning('shape-transactions', { count: transactions })
      : passed('shape-fits', params)
  return used > now || limit > later || ops > commandsPerSecond
    ? warning('shape-larger', params)
    : passed('shape-fits', params)
}

async function countTransactions(control: Control): Promise<number> {
  const reply = await control.call('INFO', 'commandstats').catch(() => '')
  const info = parseInfo(String(reply))
  return ['exec', 'eval', 'evalsha', 'fcall'].reduce(
    (sum, name) => sum + Number(/calls=(\d+)/.exec(info.get(`cmdstat_${name}`) ?? '')?.[1] ?? 0),
    0,
  )
}
