import { FailureError, toFailure, type FailureCode } from '#contract/failure.ts'
import type { SettingChange, TaskEvent } from '#contract/task.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import type { Control } from '#engine/redis/control.ts'
import { parseInfo } from '#engine/redis/info.ts'
import { readSetting } from '#engine/redis/probe.ts'
import type { JournalTable } from '#store/journal.ts'
import { isWatched, timeOf, writeConfigFile } from './config-file.ts'
import { groundsOf, settingsFor, wantedSettings, type SettingChoice } from './wanted-settings.ts'

/** What a journal entry says about a setting. */
export interface SettingNote extends Pick<SettingChange, 'side' | 'name' | 'before' | 'during'> {
  /** Where a side has several servers: which of them. */
  readonly at?: SettingPlace
  /** As `timeOf` had it when it was set. */
  readonly time?: string
}

/** What there is to know of a server's configuration file, for which CONFIG SET alone does nothing. */
export interface ConfigFile {
  /** Sentinels are known to watch it. */
  readonly watched: boolean
  /** Where its passwords are ours still: has whoever puts those back have the file written after that. */
  readonly later: (() => void) | null
}

/** A server of a side: which of several sources it is, or belongs to, and where it is. */
export interface SettingPlace {
  readonly source: number
  readonly host: string
  readonly port: number
}

type Tell = (level: TaskEvent['level'], code: TaskEvent['code'], params: TaskEvent['params']) => void

export interface SettingsOf {
  readonly taskId: string
  readonly journal: JournalTable
  readonly tell: Tell
}

/**
 * Sets what the task wants otherwise on one side, each old value on disk before the change. What the server
 * will not let us set is told, to be done by hand, and does not stop the task: the checks have warned of it.
 */
export async function setSettings(
  side: SettingChange['side'],
  control: Control,
  { taskId, journal, tell }: SettingsOf,
  choice: SettingChoice = { mode: 'stream', adjustSettings: true, pauseSaves: false },
  at?: SettingPlace,
): Promise<void> {
  const where = at === undefined ? {} : { server: hostAndPort(at) }
  const info = parseInfo(String(await control.call('INFO')))
  const grounds = groundsOf(info)
  const known = journal
    .of(taskId, 'setting')
    .map(({ note, ...row }) => ({ ...row, note: JSON.parse(note) as SettingNote }))
    .filter(({ note }) => note.side === side && isThere(note, at))
  for (const wanted of settingsFor(choice)) {
    if (wanted.side !== side) continue
    const value = await readSetting(control, wanted.name)
    if (value === null) continue
    const { name } = wanted
    const before = wanted.partOf(value)
    const kept = known.find((row) => row.note.name === name)
    // Of a start that did not get further: on disk, and not done where the value is the old one.
    if (kept !== undefined && (kept.closedAt !== null || kept.note.before !== before)) continue
    const during = kept?.note.during ?? wanted.during(before, grounds)
    if (during === null) continue
    const time = timeOf(info)
    const note: SettingNote = { side, name, before, during, time, ...(at !== undefined && { at }) }
    const entry =
      kept?.id ?? journal.write({ taskId, kind: 'setting', note: JSON.stringify(note), secret: null })
    try {
      await control.call('CONFIG', 'SET', name, during)
      tell('info', 'settings.changed', { side, name, before, now: during, ...where })
    } catch (thrown) {
      if (isLost(thrown)) throw thrown
      journal.close(entry, 'by-hand')
      tell('warning', 'settings.by-hand', {
        ...{ side, name, value: during, ...where },
        reason: toFailure(thrown).code,
      })
    }
  }
}

/**
 * Puts one side's settings back to what the journal has. A value that is neither the old one nor ours was
 * changed by somebody else: told, and left alone. Where a failover has written ours into the server's configuration file
 * meanwhile, that is written once more. Rejects when the server is lost; the rest stays open then.
 */
export async function putSettingsBack(
  side: SettingChange['side'],
  control: Control,
  { taskId, journal, tell }: SettingsOf,
  at?: SettingPlace,
  file: ConfigFile = { watched: false, later: null },
): Promise<void> {
  const where = at === undefined ? {} : { server: hostAndPort(at) }
  const rows = journal
    .open('setting', taskId)
    .map((row) => ({ id: row.id, note: JSON.parse(row.note) as SettingNote }))
    .filter(({ note }) => note.side === side && isThere(note, at))
  /** What is as it was by now, but for the file. */
  const back: { readonly id: number; readonly note: SettingNote; readonly isOurDeed: boolean }[] = []
  for (const { id, note } of rows) {
    const { name, before, during } = note
    const wanted = wantedSettings.find((one) => one.side === side && one.name === name)
    const value = await readSetting(control, name)
    const found = value === null ? null : (wanted?.partOf(value) ?? value)
    if (found === before) {
      back.push({ id, note, isOurDeed: false })
    } else if (found === during || found === wanted?.partOf(during)) {
      try {
        await control.call('CONFIG', 'SET', name, before)
        back.push({ id, note, isOurDeed: true })
      } catch (thrown) {
        if (isLost(thrown)) throw thrown
        journal.close(id, 'by-hand')
        tell('warning', 'settings.by-hand', {
          ...{ side, name, value: before, ...where },
          reason: toFailure(thrown).code,
        })
      }
    } else if (found === null) {
      journal.close(id, 'by-hand')
      tell('warning', 'settings.by-hand', {
        ...{ side, name, value: before, ...where },
        reason: 'auth.no-permission',
      })
    } else {
      journal.close(id, 'left')
      tell('warning', 'settings.left', { side, name, expected: during, found, ...where })
    }
  }
  const reason = await rewriteFile(
    control,
    back.map(({ note }) => note),
    file,
  )
  for (const { id, note, isOurDeed } of back) {
    const { name, before: value } = note
    journal.close(id, reason === null ? 'restored' : 'by-hand')
    if (reason !== null) tell('warning', 'settings.by-hand', { side, name, value, ...where, reason })
    else if (isOurDeed) tell('info', 'settings.restored', { side, name, value, ...where })
  }
}

/** Where it has become a primary or a replica since it was set. Resolves with why that may not be done, as `writeConfigFile` does. */
async function rewriteFile(
  control: Control,
  notes: readonly SettingNote[],
  { watched, later }: ConfigFile,
): Promise<FailureCode | null> {
  if (!notes.some(({ time }) => time !== undefined)) return null
  const now = timeOf(parseInfo(String(await control.call('INFO'))))
  const isWritten = notes.some(({ time }) => time !== undefined && time !== now)
  if (!isWritten || !(watched || (await isWatched(control)))) return null
  if (later === null) return await writeConfigFile(control)
  later()
  return null
}

/** All settings changed for a task, and how each stands. */
export function settingsOf(taskId: string, journal: JournalTable): readonly SettingChange[] {
  return journal.of(taskId, 'setting').map((row) => {
    const { at, time: _time, ...note } = JSON.parse(row.note) as SettingNote
    return {
      ...note,
      ...(at !== undefined && { server: hostAndPort(at) }),
      state: row.outcome === null ? 'changed' : (row.outcome as SettingChange['state']),
    }
  })
}

/** When something was set first for a task at this server, milliseconds since the epoch; null where nothing was. */
export function firstSetAt(
  side: SettingChange['side'],
  { taskId, journal }: Pick<SettingsOf, 'taskId' | 'journal'>,
  at: SettingPlace | undefined,
): number | null {
  const rows = journal.of(taskId, 'setting').filter(({ note: text }) => {
    const note = JSON.parse(text) as SettingNote
    return note.side === side && isThere(note, at)
  })
  return rows[0]?.writtenAt ?? null
}

function isThere({ at: noted }: SettingNote, at: SettingPlace | undefined): boolean {
  return noted?.source === at?.source && noted?.host === at?.host && noted?.port === at?.port
}

function isLost(thrown: unknown): boolean {
  return !(thrown instanceof FailureError) || /^(connect|job)\./.test(thrown.failure.code)
}
