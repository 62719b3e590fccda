import { keysOf } from '#contract/connection.ts'
import { failed, onTarget, passed, warning } from './context.ts'

/** The target must be empty, or its keys given up by name. Resumed, it holds what was copied. */
export const targetEmpty = onTarget('target-empty', ({ facts }, { options, resuming }) => {
  const { address } = facts
  const keys = keysOf(facts)
  if (resuming || keys === 0) return passed('empty', { address })
  return options.onConflict === 'replace'
    ? warning('not-empty-replace', { address, keys })
    : failed('not-empty', { address, keys })
})
