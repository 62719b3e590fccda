import { parseClientList } from '#engine/redis/client-list.ts'
import { failed, onSide, passed, type Check } from './context.ts'

/**
 * Is another task at work on this server? Told by the tasks we know of, paused ones too and whatever address they have for it,
 * and by the names of connections, which are those of any Keyferry on any machine.
 */
function noOtherTask(side: 'source' | 'target'): Check {
  return onSide(`${side}-other-task`, side, async ({ control, facts: { address, runId } }, { task }) => {
    const known = task.others[side] ?? task.others.byRunId.get(runId ?? '') ?? null
    if (known !== null) return failed('other-task', { address, task: known })
    const clients = parseClientList(String((await control.call('CLIENT', 'LIST').catch(() => null)) ?? ''))
    const other = clients.map(({ name }) => workOf(name)).find((work) => work !== null && work !== task.id)
    return other === undefined
      ? passed('no-other-task', { address })
      : failed('other-task', { address, task: other ?? '' })
  })
}

/** The task or restore that a connection belongs to: `kf:<task>:…`, `keyferry:restore:<run>:…`. */
function workOf(name: string): string | null {
  return /^(?:kf|keyferry:restore):([^:]+):/.exec(name)?.[1] ?? null
}

export const sourceOtherTask = noOtherTask('source')
export const targetOtherTask = noOtherTask('target')
