import { FailureError, isOfTheLink } from '#contract/failure.ts'
import type { Control } from '#engine/redis/control.ts'
import { onPairs, passed, warning } from './context.ts'

/** Can the target hold the source's function libraries? (FUNCTION: 7.0 and later.) */
export const functions = onPairs('functions', 'both', async (source, target) => {
  const [libraries, taken] = await Promise.all([
    countLibraries(source.control),
    countLibraries(target.control),
  ])
  if (libraries === null || libraries === 0) return passed('functions-none')
  const params = { address: target.facts.address, libraries }
  return taken === null ? warning('functions-unsupported', params) : passed('functions-fit', params)
})

/** Null on a server that knows none. */
async function countLibraries(control: Control): Promise<number | null> {
  try {
    const reply = await control.call('FUNCTION', 'LIST')
    return Array.isArray(reply) ? reply.length : null
  } catch (thrown) {
    if (thrown instanceof FailureError && !isOfTheLink(thrown.failure)) return null
    throw thrown
  }
}
