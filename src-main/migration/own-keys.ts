import type { Connection } from '#contract/connection.ts'
import { openControl } from '#engine/redis/control.ts'

/**
 * Takes a task's own keys (`keyferry:<task>:…`, all in database 0) out of the target. Only for a task that
 * will not be resumed, and whose sync has ended.
 */
export async function removeOwnKeys(target: Connection, taskId: string): Promise<void> {
  await using control = await openControl(target, { name: `kf:${taskId}:finish` })
  let cursor = '0'
  do {
    const reply = await control.call('SCAN', cursor, 'MATCH', `keyferry:${taskId}:*`, 'COUNT', 1_000)
    const [next, keys] = reply as readonly [string, readonly string[]]
    if (keys.length > 0) await control.call('DEL', ...keys)
    cursor = next
  } while (cursor !== '0')
}
