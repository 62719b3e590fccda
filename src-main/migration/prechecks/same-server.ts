import { failed, onBoth, passed } from './context.ts'

/** Is the target the source itself, or fed by it already? Told by run id, whatever the addresses say. */
export const notSameServer = onBoth('not-same-server', 'both', (source, target) => {
  const { facts } = target
  const same = source.facts.runId !== null && source.facts.runId === facts.runId
  const fed =
    facts.role === 'replica' && target.info.get('master_replid') === source.info.get('master_replid')
  return same || fed
    ? failed('same-server', { source: source.facts.address, target: facts.address })
    : passed('different-servers')
})
