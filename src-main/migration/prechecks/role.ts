import { failed, onSide, passed, warning } from './context.ts'

/** A primary is read from, of a cluster each; a replica's stream is its primary's, but writes cannot be frozen there. */
export const sourceRole = onSide('source-role', 'source', ({ facts, info }) => {
  const { address, mode } = facts
  if (mode === 'sentinel') return failed('mode-unsupported', { address, mode })
  if (facts.role !== 'replica') return passed('role-master', { address })
  return info.get('master_link_status') === 'up'
    ? warning('role-replica-source', { address })
    : failed('replica-link-down', { address })
})

/** The target has to take writes. */
export const targetRole = onSide('target-role', 'target', ({ facts }) => {
  const { address, mode } = facts
  if (mode === 'cluster' || mode === 'sentinel') return failed('mode-unsupported', { address, mode })
  return facts.role === 'replica'
    ? failed('role-replica', { address }, 'REPLICAOF NO ONE')
    : passed('role-master', { address })
})
