import { setTimeout as sleep } from 'node:timers/promises'
import { fail, toFailure } from '#contract/failure.ts'
import { parseClientList, type ClientLine } from '#engine/redis/client-list.ts'
import type { Control } from '#engine/redis/control.ts'
import { readInfo } from './auth-state.ts'

const rounds = 100
const roundMs = 50
/** So long nothing may be written before a server without an offset is taken for silent. */
const silentMs = 2_000

/**
 * Signs everybody out of a server that cannot do so by kind (before 2.8.12): names them one by one until none is left.
 * The password has been changed before, so whoever comes back is locked out. Returns how many there were. Replicas
 * stay, unless `replicasToo`: then they come back by themselves.
 */
export async function signOutByList(control: Control, name: string, replicasToo: boolean): Promise<number> {
  const named = (await control.call('CLIENT', 'SETNAME', name).catch(() => null)) === 'OK'
  let signedOut = 0
  for (let round = 0; round < rounds; round += 1) {
    const clients = parseClientList(String(await control.call('CLIENT', 'LIST')))
    const own = clients.filter((client) => (named ? client.name === name : client.command === 'client'))
    const left = clients.filter(
      (client) =>
        !own.includes(client) &&
        !client.flags.includes('M') &&
        (!client.flags.includes('S') || (replicasToo && round === 0)),
    )
    // Before names there were (2.6.9), who runs CLIENT LIST is us; were there two, they are told apart next time.
    if (left.length === 0 && own.length <= 1) return signedOut
    await Promise.all(left.map((client) => kill(control, client)))
    signedOut += left.filter(({ flags }) => !flags.includes('S')).length
    await sleep(roundMs)
  }
  return fail('freeze.not-proven', { address: control.address, found: 'clients' })
}

/** One who has left meanwhile is as good as gone. */
async function kill(control: Control, { address }: ClientLine): Promise<void> {
  await control.call('CLIENT', 'KILL', address).catch((thrown: unknown) => {
    if (toFailure(thrown).code !== 'server.refused') throw thrown
  })
}

/** Waits until a server that tells no offset (before 2.8) has written nothing for two seconds. */
export async function untilSilent(control: Control): Promise<void> {
  const deadline = Date.now() + 10 * silentMs
  let written = await writesOf(control)
  for (let since = Date.now(); Date.now() - since < silentMs;) {
    await sleep(roundMs)
    const now = await writesOf(control)
    if (now !== written) since = Date.now()
    written = now
    if (Date.now() > deadline) fail('freeze.not-proven', { address: control.address, found: 'writes' })
  }
}

async function writesOf(control: Control): Promise<string | undefined> {
  const info = await readInfo(control)
  return info.get('rdb_changes_since_last_save') ?? info.get('changes_since_last_save')
}
