import { atLeast } from '#engine/redis/version.ts'
import { failed, onBoth, onSide, passed, warning } from './context.ts'

/** PSYNC, CLIENT KILL by type and COMMAND all are there from 2.8 on. */
export const sourceVersion = onSide('source-version', 'source', ({ facts: { version, flavour } }) =>
  version !== '' && !atLeast(version, 2, 8)
    ? failed('version-older', { version, needed: '2.8' })
    : passed('version-fine', { version, flavour }),
)

/**
 * An older server, or one of the other family, may not know every type the source has. Below 7.0 a target cannot be
 * followed into: the times its keys expire at cannot be asked exactly (PEXPIRETIME), nor be set along with a value.
 */
export const targetVersion = onBoth('target-version', 'target', ({ facts: source }, { facts: target }) => {
  const params = { source: source.version, target: target.version, flavour: target.flavour }
  if (target.version !== '' && !atLeast(target.version, 7, 0))
    return failed('version-older', { version: target.version, needed: '7.0' })
  if (source.flavour !== target.flavour && atLeast(source.version, 7, 4))
    return warning('version-other-product', params)
  const [major = 0, minor = 0] = source.version.split('.').map(Number)
  return atLeast(target.version, major, minor)
    ? passed('version-fine', { version: target.version, flavour: target.flavour })
    : warning('version-older', { ...params, version: target.version, needed: source.version })
})
