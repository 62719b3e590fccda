import { readSetting } from '#engine/redis/probe.ts'
import { onPairs, passed, warning, type Reached } from './context.ts'

/** Does the target keep its data on disk where the source does? */
export const targetPersistence = onPairs('target-persistence', 'target', async (source, target) => {
  const [before, after] = await Promise.all([persists(source), persists(target)])
  const { address } = target.facts
  return before === true && after === false
    ? warning('persistence-none', { address }, 'CONFIG SET appendonly yes')
    : passed('persistence-same', { address })
})

/** By append-only file or snapshots; null where that is not told. */
async function persists({ control, facts }: Reached): Promise<boolean | null> {
  if (facts.appendOnly === true) return true
  const save = await readSetting(control, 'save')
  return save === null ? null : save !== ''
}
