import { onBoth, passed, warning } from './context.ts'

/** Has the target every module of the source? Only a module can read the values of its types. */
export const modules = onBoth('modules', 'both', ({ facts: source }, { facts: target }) => {
  const lacking = source.modules.filter((name) => !target.modules.includes(name))
  return lacking.length === 0
    ? passed('modules-fit')
    : warning('modules-missing', { address: target.address, names: lacking.join(', ') })
})
