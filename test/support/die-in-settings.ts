import { openControl } from '#engine/redis/control.ts'
import { putSettingsBack, setSettings, type SettingsOf } from '#migration/settings.ts'
import { wantedSettings } from '#migration/wanted-settings.ts'
import { openStore } from '#store/open.ts'

/** Moments at which this process can end as by kill -9, each at one setting. */
export type DeathAt = 'journaled' | 'set' | 'put-back'

/** Run as a process of its own: `die-in-settings.ts STORE HOST PORT SIDE MOMENT SETTING`. */
const [file = '', host = '', port = '', side = '', moment = '', setting = ''] = process.argv.slice(2)

function dieAt(here: DeathAt, name: unknown): void {
  if (here === moment && name === setting) process.kill(process.pid, 'SIGKILL')
}

const { journal } = openStore(file)
const settings: SettingsOf = {
  taskId: setting,
  journal: {
    ...journal,
    write(entry) {
      const id = journal.write(entry)
      dieAt('journaled', (JSON.parse(entry.note) as { name: string }).name)
      return id
    },
    close(id, outcome) {
      const row = journal.open('setting').find((one) => one.id === id)
      if (row !== undefined) dieAt('put-back', (JSON.parse(row.note) as { name: string }).name)
      journal.close(id, outcome)
    },
  },
  tell: (_, code, { name }) => {
    if (code === 'settings.changed') dieAt('set', name)
  },
}
await using control = await openControl({ host, port: Number(port) })
const { mode } = wantedSettings.find(({ name }) => name === setting)!
const choice = { mode: mode ?? 'stream', adjustSettings: true, pauseSaves: true }
await setSettings(side as 'source' | 'target', control, settings, choice)
await putSettingsBack(side as 'source' | 'target', control, settings)
