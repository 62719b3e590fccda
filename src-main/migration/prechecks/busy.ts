import { infoNumber } from '#engine/redis/info.ts'
import { failed, onSide, passed, warning } from './context.ts'

/** Is the source free to make a snapshot for us? It makes one at a time. */
export const sourceBusy = onSide('source-busy', 'source', ({ facts: { address }, info }) => {
  if (info.get('loading') === '1') {
    const seconds = infoNumber(info, 'loading_eta_seconds')
    return failed('loading', { address, ...(seconds !== null && { seconds }) })
  }
  const saving = ['rdb_bgsave_in_progress', 'aof_rewrite_in_progress'].some((name) => info.get(name) === '1')
  return saving ? warning('saving', { address }) : passed('not-busy', { address })
})
