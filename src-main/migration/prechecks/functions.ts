import { FailureError, isOfTheLink } from '#contract/failure.ts'
import type { Control } from '#engine/redis/control.ts'
import { onPairs, passed, warning } from './context.ts'

/** Can the target hold the source's function libraries? (FUNCTION: 7.0 and later.) */
export const functions = onPairs('functions', 'both', async (source, target) => {
  const [libraries, taken] = await Promise.all([
    countLibraries(source.control),
    countLibraries(target.control),
  ])
  if (libraries === 'refused') return warning('functions-unseen', { address: source.facts.address })
  if (libraries === 'unknown' || libraries === 0) return passed('functions-none')
  const params = { address: target.facts.address, libraries }
  return typeof taken === 'string'
    ? warning('functions-unsupported', params)
    : passed('functions-fit', params)
})

/** `unknown`: the server knows none; `refused`: our account may not ask. */
async function countLibraries(control: Control): Promise<number | 'unknown' | 'refused'> {
  try {
    const reply = await control.call('FUNCTION', 'LIST')
    return Array.isArray(reply) ? reply.length : 'unknown'
  } catch (thrown) {
    if (!(thrown instanceof FailureError) || isOfTheLink(thrown.failure)) throw thrown
    return thrown.failure.code === 'auth.no-permission' ? 'refused' : 'unknown'
  }
}
