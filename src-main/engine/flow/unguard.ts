import type { Connection } from '#contract/connection.ts'
import { guardMs } from '../plan/expiry.ts'
import { openControl } from '../redis/control.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import { theKey } from '../resp/encode.ts'
import { connectionName, fence } from '../target/fence.ts'
import { DbLink } from '../verify/db-link.ts'
import { isOurs } from './own-keys.ts'

const scanCount = 1_000
const expiryOf = [['PEXPIRETIME', theKey]] as const

/**
 * Puts every expiry of a target that is still guarded to the time it stands for, once a task's sync has ended and
 * will not go on; what is past by now goes. Whatever of the task is still connected is closed first.
 */
export async function unguardExpiries(target: Connection, task: string): Promise<void> {
  const name = connectionName(task, 'unguard', 1)
  await using control = await openControl(target, { name })
  await fence(control, task, name)
  using link = await DbLink.open(target, name, new AbortController().signal)
  const keyspace = keyspaceOf(parseInfo(String(await link.ask(0, ['INFO', 'keyspace']))))
  for (const db of Object.keys(keyspace).map(Number)) await unguardDatabase(link, db)
}

async function unguardDatabase(link: DbLink, db: number): Promise<void> {
  let cursor = '0'
  do {
    const [next, found] = (await link.ask(db, ['SCAN', cursor, 'COUNT', scanCount])) as unknown as [
      Buffer,
      readonly Buffer[],
    ]
    cursor = next.toString()
    const keys = found.filter((key) => !isOurs(key))
    const expiries = await link.askEach(db, keys, expiryOf)
    const changes = keys.flatMap((key, index) => {
      const expiry = Number(expiries[index])
      return expiry >= guardMs ? [['PEXPIREAT', key, expiry - guardMs]] : []
    })
    await link.askAll(db, changes)
  } while (cursor !== '0')
}
