import { onBoth, passed, warning } from './context.ts'

/** What runs EVAL since Valkey 9: a module by name only, without types. */
const scripting = 'lua'

/** Has the target every module of the source? Only a module can read the values of its types. */
export const modules = onBoth('modules', 'both', ({ facts: source }, { facts: target }) => {
  const lacking = source.modules.filter((name) => name !== scripting && !target.modules.includes(name))
  return lacking.length === 0
    ? passed('modules-fit')
    : warning('modules-missing', { address: target.address, names: lacking.join(', ') })
})
