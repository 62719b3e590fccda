import { FailureError, isOfTheLink } from '#contract/failure.ts'
import { readSetting } from '#engine/redis/probe.ts'
import { onSide, passed, warning } from './context.ts'

/** May settings be read and set? Tried by setting one to what it is. */
export const sourceConfig = onSide('source-config', 'source', async ({ control, facts: { address } }) => {
  const value = await readSetting(control, 'repl-timeout')
  if (value === null) return warning('config-refused', { address })
  try {
    await control.call('CONFIG', 'SET', 'repl-timeout', value)
    return passed('config-allowed', { address })
  } catch (thrown) {
    if (thrown instanceof FailureError && !isOfTheLink(thrown.failure))
      return warning('config-refused', { address })
    throw thrown
  }
})
