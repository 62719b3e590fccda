import { atLeast } from '#engine/redis/version.ts'
import { failed, onBoth, onSide, passed, warning } from './context.ts'

/** DUMP, PTTL and TIME, by which a key is copied afresh, are there from 2.6 on. */
const oldestSource = [2, 6] as const
/** CLIENT KILL by type is there from 2.8 on; RESTORE, PEXPIREAT and scripts before. */
const oldestTarget = [2, 8] as const

export const sourceVersion = onSide('source-version', 'source', ({ facts: { version, flavour } }) =>
  version !== '' && !atLeast(version, ...oldestSource)
    ? failed('version-too-old', { version, needed: oldestSource.join('.') })
    : passed('version-fine', { version, flavour }),
)

/** An older server, or one of the other family, may not know every type the source has. */
export const targetVersion = onBoth('target-version', 'target', ({ facts: source }, { facts: target }) => {
  const params = { source: source.version, target: target.version, flavour: target.flavour }
  if (target.version !== '' && !atLeast(target.version, ...oldestTarget))
    return failed('version-too-old', { version: target.version, needed: oldestTarget.join('.') })
  if (source.flavour !== target.flavour && atLeast(source.version, 7, 4))
    return warning('version-other-product', params)
  const [major = 0, minor = 0] = source.version.split('.').map(Number)
  return atLeast(target.version, major, minor)
    ? passed('version-fine', { version: target.version, flavour: target.flavour })
    : warning('version-older', { ...params, version: target.version, needed: source.version })
})
