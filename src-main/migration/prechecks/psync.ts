import { atLeast } from '#engine/redis/version.ts'
import { failed, mayFollow, onSide, passed, warning } from './context.ts'

/** May our account ask for the replication stream, or is the source to be read key by key? */
export const sourcePsync = onSide(
  'source-psync',
  'source',
  async ({ control, facts, connection }, { options, mode }) => {
    const { address } = facts
    const access = connection.access === undefined ? {} : { access: connection.access }
    if (options.mode === 'scan') return warning('scan-chosen', { address })
    if ((await mode) === 'scan') return warning('scan-instead', { address, ...access })
    if (!(await mayFollow(control))) return failed('psync-refused', { address, ...access })
    // One that tells no version is asked as if it were new.
    return facts.version === '' || atLeast(facts.version, 2, 8)
      ? passed('psync-allowed', { address })
      : warning('sync-alone', { address, version: facts.version })
  },
)
