import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { roomIn } from '#engine/source/disk-room.ts'
import { failed, onAll, passed, sumOf, warning } from './context.ts'

/** What comes in while the snapshot is written, bytes. */
const leastStream = 256 * 1024 * 1024
/** A snapshot takes less than its data do in memory, unless they cannot be packed; a quarter of it is little. */
const smallest = 0.25

/** Has this machine room for what is received and not applied yet? */
export const localDisk = onAll('local-disk', 'both', async (sources, _target, { task, mode, resuming }) => {
  if ((await mode) === 'scan') return passed('scan-needs-none')
  const { folder } = task
  const free = await roomIn(nearest(folder))
  const used = resuming ? 0 : sumOf(sources, ({ facts }) => facts.usedMemory)
  const params = { folder, needed: used + leastStream, free }
  if (free >= params.needed) return passed('disk-enough', params)
  return free >= used * smallest + leastStream ? warning('disk-short', params) : failed('disk-short', params)
})

/** The folder itself is made when the task starts. */
function nearest(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder))
}
