import { mayQueue, mayRun } from '#engine/redis/permission.ts'
import { failed, onSide, passed } from './context.ts'

/** May our account ask for the replication stream? */
export const sourcePsync = onSide('source-psync', 'source', async ({ control, facts: { address } }) => {
  const allowed = (await mayRun(control, 'PSYNC', '?', '-1')) ?? (await mayQueue(control, 'PSYNC', '?', '-1'))
  return allowed ? passed('psync-allowed', { address }) : failed('psync-refused', { address })
})
