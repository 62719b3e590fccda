import { slotCount } from '#engine/redis/topology.ts'
import { failed, onSide, onTarget, passed, warning } from './context.ts'

/** A primary is read from, of a cluster each; a replica's stream is its primary's, but writes cannot be frozen there. */
export const sourceRole = onSide('source-role', 'source', ({ facts, info }) => {
  const { address, mode } = facts
  if (mode === 'sentinel') return failed('mode-unsupported', { address, mode })
  if (facts.role !== 'replica') return passed('role-master', { address })
  return info.get('master_link_status') === 'up'
    ? warning('role-replica-source', { address })
    : failed('replica-link-down', { address })
})

/** The target has to take writes: a cluster by all of its slots. */
export const targetRole = onTarget('target-role', ({ facts }) => {
  const { address, mode, cluster } = facts
  if (mode === 'sentinel') return failed('mode-unsupported', { address, mode })
  if (mode === 'cluster') {
    const { ok = false, slotsCovered: covered = 0, nodes = [] } = cluster ?? {}
    if (!ok || covered < slotCount) return failed('cluster-not-whole', { address, covered })
    return passed('role-cluster', { address, masters: nodes.filter(({ slots }) => slots > 0).length })
  }
  return facts.role === 'replica'
    ? failed('role-replica', { address }, 'REPLICAOF NO ONE')
    : passed('role-master', { address })
})
