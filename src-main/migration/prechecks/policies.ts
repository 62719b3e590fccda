import { onPairs, passed, settable } from './context.ts'

/**
 * Will a full target behave as a full source did? Not asked of one without a limit, nor of a task under way: the
 * target's may be ours.
 */
export const policies = onPairs('policies', 'both', ({ facts: source }, { facts: target }, { resuming }) => {
  const [before, after] = [source.maxMemoryPolicy, target.maxMemoryPolicy]
  if (resuming || before === null || after === null || before === after || !target.maxMemory)
    return passed('policies-same')
  return settable(
    'policies-differ',
    { before, after },
    { side: 'target', name: 'maxmemory-policy', value: before },
  )
})
