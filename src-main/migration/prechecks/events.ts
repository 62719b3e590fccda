import { readSetting } from '#engine/redis/probe.ts'
import { mayListen } from '#engine/source/scan-events.ts'
import { groundsOf, keyspaceEvents } from '../wanted-settings.ts'
import { onSide, passed, settable, warning } from './context.ts'

/** Where the source is read key by key: will it tell which keys are changed? */
export const sourceEvents = onSide('source-events', 'source', async (source, { mode, options, resuming }) => {
  if ((await mode) !== 'scan') return passed('events-not-needed')
  const { control, connection, facts, info } = source
  const { address } = facts
  if (!(await mayListen(connection, 'kf:check'))) return warning('events-refused', { address })
  const { name } = keyspaceEvents
  const found = await readSetting(control, name)
  if (found === null) return warning('events-unknown', { address, name })
  const during = keyspaceEvents.during(found, groundsOf(info))
  if (during === null) return passed('events-told', { address, name, found })
  const params = { address, name, found, during }
  if (options.adjustSettings && !resuming) return passed('events-will-set', params)
  return settable('events-off', params, { side: 'source', name, value: during })
})
