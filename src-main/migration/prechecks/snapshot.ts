import { infoNumber, type Info } from '#engine/redis/info.ts'
import { onSide, passed, warning, type Finding } from './context.ts'

/** Of what Redis uses: as much as is written to while the snapshot is made is kept twice. */
const writtenMeanwhile = 0.5

/** Has the source's machine room for the process that makes the snapshot? (`total_system_memory`: since 3.2.) */
export const sourceSnapshot = onSide(
  'source-snapshot',
  'source',
  async ({ facts: { address }, info }, { mode }) =>
    (await mode) === 'scan' ? passed('scan-needs-none') : judgeSnapshotRoom(address, info),
)

export function judgeSnapshotRoom(address: string, info: Info): Finding {
  if (info.get('rdb_last_bgsave_status') === 'err') return warning('snapshot-failed-before', { address })
  const total = infoNumber(info, 'total_system_memory')
  const used = infoNumber(info, 'used_memory_rss') ?? infoNumber(info, 'used_memory')
  if (total === null || used === null) return passed('snapshot-room-unknown', { address })
  const params = { address, used, total }
  return used * (1 + writtenMeanwhile) > total
    ? warning('snapshot-tight', params)
    : passed('snapshot-room', params)
}
