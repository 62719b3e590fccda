import { failed, onTarget, passed, warning } from './context.ts'

/** The target must be empty, or its keys given up by name. Resumed, it holds what was copied. */
export const targetEmpty = onTarget('target-empty', ({ facts }, { options, resuming }) => {
  const { address } = facts
  const keys = Object.values(facts.keysPerDb).reduce((all, db) => all + db.keys, 0)
  if (resuming || keys === 0) return passed('empty', { address })
  return options.onConflict === 'replace'
    ? warning('not-empty-replace', { address, keys })
    : failed('not-empty', { address, keys })
})
