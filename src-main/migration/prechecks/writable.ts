import { infoNumber } from '#engine/redis/info.ts'
import { readSetting } from '#engine/redis/probe.ts'
import { failed, onSide, passed } from './context.ts'

/** Would the target take a write now? Told without one: by what makes Redis answer NOREPLICAS and MISCONF. */
export const targetWritable = onSide('target-writable', 'target', async ({ control, facts, info }) => {
  const { address } = facts
  if (info.get('loading') === '1') return failed('writable-still-loading', { address })
  const [since5, before5, stops, save] = await Promise.all(
    ['min-replicas-to-write', 'min-slaves-to-write', 'stop-writes-on-bgsave-error', 'save'].map((name) =>
      readSetting(control, name),
    ),
  )
  const wanted = Number(since5 ?? before5 ?? 0)
  const connected = infoNumber(info, 'min_slaves_good_slaves') ?? infoNumber(info, 'connected_slaves') ?? 0
  if (wanted > connected)
    return failed(
      'writable-too-few-replicas',
      { address, wanted, connected },
      `CONFIG SET ${since5 === null ? 'min-slaves-to-write' : 'min-replicas-to-write'} ${connected}`,
    )
  const savingFailed = info.get('rdb_last_bgsave_status') === 'err' && stops !== 'no' && save !== ''
  const appendingFailed = info.get('aof_last_write_status') === 'err'
  return savingFailed || appendingFailed
    ? failed('writable-not-after-failed-save', { address })
    : passed('writable', { address })
})
