import { failed, onAll, passed, type Reached } from './context.ts'

/**
 * Is the target one of the sources itself, or fed by it already? And is no source named twice, as itself or as a replica
 * of another? Told by run id and replication id, and by the instance ids that were given, whatever the addresses say.
 */
export const notSameServer = onAll('not-same-server', 'both', async (sources, _target, { targets }) => {
  for (const { reached: target } of await targets) {
    if (!('control' in target)) continue
    const own = sources.find(
      (source) => areOne(source, target) || (target.facts.role === 'replica' && areFedAlike(source, target)),
    )
    if (own !== undefined)
      return failed('same-server', { source: own.facts.address, target: target.facts.address })
    const named = sources.find((source) => areNamedAlike(source, target))
    if (named !== undefined)
      return failed('same-instance', {
        source: named.facts.address,
        target: target.facts.address,
        instance: named.connection.instanceId ?? '',
      })
  }
  for (const [at, source] of sources.entries()) {
    const twin = sources.slice(0, at).find((one) => areOne(one, source) || areFedAlike(one, source))
    if (twin !== undefined)
      return failed('source-named-twice', { address: source.facts.address, other: twin.facts.address })
  }
  return passed('different-servers')
})

function areOne(one: Reached, other: Reached): boolean {
  return one.facts.runId !== null && one.facts.runId === other.facts.runId
}

/** By what a person says the cloud calls them. */
function areNamedAlike(one: Reached, other: Reached): boolean {
  const { instanceId } = one.connection
  return instanceId !== undefined && instanceId === other.connection.instanceId
}

/** A server and its replica have one replication id (4.0 and later). */
function areFedAlike(one: Reached, other: Reached): boolean {
  const id = one.info.get('master_replid')
  return id !== undefined && id === other.info.get('master_replid')
}
