import type { Connection } from '#contract/connection.ts'
import { openControl } from '../redis/control.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import { hasExpiringFields } from '../redis/keyspace.ts'
import { connectionName, fence } from '../target/fence.ts'
import { targetServers } from '../target/target-servers.ts'
import { DbLink } from '../verify/db-link.ts'
import { settleExpiries } from './settle-expiries.ts'

/**
 * Puts every expiry of a target that is still guarded, those of fields too, to the time it stands for, once a task's sync has ended and
 * will not go on; what is past by now goes. Whatever of the task is still connected is closed first.
 */
export async function unguardExpiries(target: Connection, task: string): Promise<void> {
  const name = connectionName(task, 'unguard', 1)
  const servers = await targetServers(target)
  for (const server of servers) {
    await using control = await openControl(server, { name })
    await fence(control, task, name)
  }
  for (const server of servers) {
    using link = await DbLink.open(server, name, new AbortController().signal)
    const { versionNumber } = await link.look()
    const keyspace = keyspaceOf(parseInfo(String(await link.ask(0, ['INFO', 'keyspace']))))
    await settleExpiries({
      link,
      versionNumber,
      rule: { rule: 'keep' },
      fields: hasExpiringFields(keyspace),
    })
  }
}
