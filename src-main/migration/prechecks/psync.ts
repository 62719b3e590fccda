import { failed, mayFollow, onSide, passed, warning } from './context.ts'

/** May our account ask for the replication stream, or is the source to be read key by key? */
export const sourcePsync = onSide('source-psync', 'source', async ({ control, facts }, { options, mode }) => {
  const { address } = facts
  if (options.mode === 'scan') return warning('scan-chosen', { address })
  if ((await mode) === 'scan') return warning('scan-instead', { address })
  return (await mayFollow(control))
    ? passed('psync-allowed', { address })
    : failed('psync-refused', { address })
})
