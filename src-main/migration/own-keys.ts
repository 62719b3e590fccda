import type { Connection } from '#contract/connection.ts'
import { openControl } from '#engine/redis/control.ts'
import { targetServers } from '#engine/target/target-servers.ts'

/**
 * Takes a task's own keys (`keyferry:<task>:…`, all in database 0) out of the target, of each master of a cluster. Only for a task that
 * will not be resumed, and whose sync has ended.
 */
export async function removeOwnKeys(target: Connection, taskId: string): Promise<void> {
  for (const server of await targetServers(target)) {
    await using control = await openControl(server, { name: `kf:${taskId}:finish` })
    let cursor = '0'
    do {
      const reply = await control.call('SCAN', cursor, 'MATCH', `keyferry:${taskId}:*`, 'COUNT', 1_000)
      const [next, keys] = reply as readonly [string, readonly string[]]
      // One by one: in a cluster they are of different slots.
      await Promise.all(keys.map((key) => control.call('DEL', key)))
      cursor = next
    } while (cursor !== '0')
  }
}
