import { addressOf } from '#contract/connection.ts'
import { findReplica } from '#engine/source/replicas.ts'
import { onSide, passed, warning } from './context.ts'

/** Is there a replica whose stream can be had instead, where that is preferred? */
export const sourceReplica = onSide(
  'source-replica',
  'source',
  async ({ connection, facts: { address } }, context) => {
    if (context.options.prefer !== 'replica' || (await context.mode) === 'scan')
      return passed('replica-not-preferred')
    const target = await context.target
    const { replica, of } = await findReplica(connection, null, {
      name: 'kf:check',
      ...('control' in target && { target: target.connection }),
    })
    if (of === null) return passed('replica-itself', { address })
    if (replica === null) return warning('replica-none', { address, replicas: of })
    return passed('replica-found', { address, replica: addressOf(replica) })
  },
)
