import { nodeConnection, type Connection } from '#contract/connection.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { resolve } from '#engine/redis/dial.ts'
import { infoNumber, parseInfo } from '#engine/redis/info.ts'
import { replicaPlaces } from '#engine/redis/replication.ts'
import { targetServers } from '#engine/target/target-servers.ts'
import type { Ends } from './endpoint.ts'
import { freezeOf, type FreezeJournal, type KeptFreeze } from './freeze/record.ts'
import { signInAnyhow } from './freeze/sign-in.ts'
import {
  putSettingsBack,
  type ConfigFile,
  setSettings,
  firstSetAt,
  type SettingNote,
  type SettingPlace,
  type SettingsOf,
} from './settings.ts'
import { sourceNodes } from './source-nodes.ts'
import { lockOf } from './target-lock.ts'
import type { SettingChoice } from './wanted-settings.ts'

/**
 * Sets what a task wants otherwise at every server it has to do with; with `newOnly` where nothing was set for it before,
 * or the server was started anew since, which forgets what it was told. Rejects where one cannot be reached.
 */
export async function setAllSettings(
  { sources, target }: Ends,
  settings: SettingsOf,
  choice: SettingChoice,
  newOnly = false,
): Promise<void> {
  const name = `kf:${settings.taskId}:settings`
  const setAt = async (
    side: SettingNote['side'],
    node: Connection,
    at: SettingPlace | undefined,
  ): Promise<void> => {
    await using control = await openControl(node, { name })
    const since = newOnly ? firstSetAt(side, settings, at) : null
    if (since !== null && !(await hasStartedSince(control, since))) return
    await setSettings(side, control, settings, choice, at)
  }
  for (const [source, connection] of sources.entries()) {
    for (const found of await sourceNodes([connection])) {
      // A name that Sentinels know is another server's after a failover: what is set is noted of the server itself.
      const node = await resolve(found)
      const isOne = sources.length === 1 && node === connection
      await setAt('source', node, isOne ? undefined : { source, host: node.host, port: node.port })
      if (choice.prefer !== 'replica' || choice.mode !== 'stream') continue
      for (const replica of await replicasOf(node, name)) {
        const { host, port } = replica
        // One that we do not reach is not followed.
        await setAt('source', replica, { source, host, port }).catch(() => undefined)
      }
    }
  }
  for (const found of await targetServers(target)) {
    const node = await resolve(found)
    await setAt('target', node, node === target ? undefined : { source: 0, host: node.host, port: node.port })
  }
}

/** By the clock of this machine. */
async function hasStartedSince(control: Control, moment: number): Promise<boolean> {
  const uptime = infoNumber(parseInfo(String(await control.call('INFO', 'server'))), 'uptime_in_seconds')
  return uptime !== null && Date.now() - uptime * 1_000 > moment
}

async function replicasOf(primary: Connection, name: string): Promise<readonly Connection[]> {
  await using control = await openControl(primary, { name })
  const info = parseInfo(String(await control.call('INFO', 'replication')))
  return replicaPlaces(info).map(({ host, port }) => nodeConnection(primary, host, port))
}

/**
 * Puts back what the journal has of a task, at every server, frozen or not. Rejects with why one could not be reached; at
 * the others it is done all the same.
 */
export async function putAllSettingsBack(
  { sources, target }: Ends,
  freezes: FreezeJournal,
  settings: SettingsOf,
): Promise<void> {
  const kept = freezes.open(settings.taskId)
  const lock = lockOf(freezes, settings.taskId)
  const open = settings.journal
    .open('setting', settings.taskId)
    .map(({ note }) => JSON.parse(note) as SettingNote)
  const placesOf = (wanted: SettingNote['side']): readonly (SettingPlace | undefined)[] => [
    ...new Map(
      open.filter(({ side }) => side === wanted).map(({ at }) => [JSON.stringify(at), at] as const),
    ).values(),
  ]
  const outcomes = await Promise.allSettled([
    ...placesOf('source').map(async (at) => {
      const source = sources[at?.source ?? 0]!
      await using control = await reach(source, kept, at)
      await putSettingsBack('source', control, settings, at, fileOf(source, freezes, freezeOf(kept, source)))
    }),
    ...placesOf('target').map(async (at) => {
      await using control = await openControl(
        at === undefined ? target : nodeConnection(target, at.host, at.port),
      )
      await putSettingsBack('target', control, settings, at, fileOf(target, freezes, lock))
    }),
  ])
  const failed = outcomes.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** While passwords are those of a freeze or a lock, nothing is to be written down: that is left to the end of it. */
function fileOf({ sentinel }: Connection, freezes: FreezeJournal, shut: KeptFreeze | undefined): ConfigFile {
  const isShut = shut !== undefined && shut.record.byHand !== true
  return {
    watched: sentinel !== undefined,
    later: isShut ? () => void freezes.amend(shut, { failedOver: true }) : null,
  }
}

async function reach(
  source: Connection,
  kept: readonly KeptFreeze[],
  at: SettingPlace | undefined,
): Promise<Control> {
  const frozen = freezeOf(kept, source)
  const isItself =
    at === undefined || (source.sentinel === undefined && at.host === source.host && at.port === source.port)
  if (frozen !== undefined) return await signInAnyhow(frozen.record, {}, isItself ? undefined : at)
  return await openControl(isItself ? source : nodeConnection(source, at.host, at.port))
}
