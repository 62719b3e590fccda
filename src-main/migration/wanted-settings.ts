import type { ProfileOptions } from '#contract/profile.ts'
import type { SyncSpec } from '#contract/sync.ts'
import { infoNumber, type Info } from '#engine/redis/info.ts'
import { tellingOfKeys, tellsOfKeys } from '#engine/source/scan-events.ts'

/** What a value is chosen by. */
export interface SettingGrounds {
  readonly usedMemory: number | null
  /** Bytes a second that come in from clients; the most a backlog may grow by. */
  readonly inputPerSecond: number
}

/** A setting of a server that a migration wants otherwise, and what it should be meanwhile. */
export interface WantedSetting {
  readonly side: 'source' | 'target'
  /** As CONFIG knows it. */
  readonly name: string
  /** The part of CONFIG GET's value that is ours to change, in the form CONFIG SET takes. */
  readonly partOf: (value: string) => string
  /** What it should be during the task; null when it is fine as it is. */
  readonly during: (part: string, grounds: SettingGrounds) => string | null
  /** The version it came with, where that is later than 2.6: an older server has nothing to be set. */
  readonly since?: readonly [major: number, minor: number]
  /** Of use only where the source is read in this way. */
  readonly mode?: SyncSpec['mode']
  /** Only where this was chosen; the others where settings may be adjusted at all. */
  readonly chosenBy?: 'pauseSaves'
}

/** By what it is told which settings a task wants, and at which servers. */
export interface SettingChoice
  extends Pick<ProfileOptions, 'adjustSettings' | 'pauseSaves'>, Partial<Pick<ProfileOptions, 'prefer'>> {
  readonly mode: SyncSpec['mode']
}

export function groundsOf(info: Info): SettingGrounds {
  return {
    usedMemory: infoNumber(info, 'used_memory'),
    inputPerSecond: (infoNumber(info, 'instantaneous_input_kbps') ?? 0) * 1024,
  }
}

const mib = 1024 * 1024
const whole = (value: string): string => value

/**
 * What may be held for a replica before it is cut off. During the snapshot everything written waits there, so
 * a limit means a copy begun anew. Only the class of replicas is touched, by the name the server uses.
 */
export const outputBuffer: WantedSetting = {
  side: 'source',
  name: 'client-output-buffer-limit',
  mode: 'stream',
  partOf: (value) => /(slave|replica) \d+ \d+ \d+/.exec(value)?.[0] ?? '',
  during(part, { usedMemory }) {
    const [className, hard = '0', soft = '0'] = part.split(' ')
    const needed = Math.max(1024 * mib, (usedMemory ?? 0) / 2)
    const enough = [hard, soft].every((limit) => limit === '0' || Number(limit) >= needed)
    return enough ? null : `${className} 0 0 0`
  },
}

/**
 * What a lost link may miss and still go on from where it was: a tenth of the data, and a minute of what comes in,
 * 64 to 512 MiB.
 */
export const backlog: WantedSetting = {
  side: 'source',
  name: 'repl-backlog-size',
  since: [2, 8],
  mode: 'stream',
  partOf: whole,
  during(part, { usedMemory, inputPerSecond }) {
    const wished = Math.max(Math.ceil((usedMemory ?? 0) / 10), Math.ceil(inputPerSecond * 60))
    const needed = Math.min(512 * mib, Math.max(64 * mib, wished))
    return Number(part) >= needed ? null : String(needed)
  },
}

/** Seconds without a word before a replica is given up. */
export const replTimeout: WantedSetting = {
  side: 'source',
  name: 'repl-timeout',
  mode: 'stream',
  partOf: whole,
  during: (part) => (Number(part) >= 300 ? null : '600'),
}

/** What the source publishes of changes to its keys; who listens already goes on hearing what they did. */
export const keyspaceEvents: WantedSetting = {
  side: 'source',
  name: 'notify-keyspace-events',
  mode: 'scan',
  // Servers set `An` and say `A` (Redis 7.0 to 8.0).
  partOf: (value) => (value.includes('A') ? value.replace('n', '') : value),
  during: (part) => (tellsOfKeys(part) ? null : tellingOfKeys(part)),
}

/** Nothing that was copied may be thrown out to make room for the rest. */
export const eviction: WantedSetting = {
  side: 'target',
  name: 'maxmemory-policy',
  partOf: whole,
  during: (part) => (part === 'noeviction' ? null : 'noeviction'),
}

/**
 * Seconds of silence after which a client is put out; 0: never. A replica is not one of them, but our other
 * connections are: those that watch the source speak every second, those that apply to the target may have nothing
 * to say for as long as nobody writes.
 */
function idle(side: WantedSetting['side'], shortest: number): WantedSetting {
  return {
    side,
    name: 'timeout',
    partOf: whole,
    during: (part) => (part === '0' || Number(part) >= shortest ? null : String(shortest)),
  }
}

export const sourceIdle = idle('source', 60)
export const targetIdle = idle('target', 3600)

/** The longest string a command may bring: what the source holds, the target has to take. */
export const valueSize: WantedSetting = {
  side: 'target',
  name: 'proto-max-bulk-len',
  partOf: whole,
  during: (part) => (Number(part) >= 512 * mib ? null : String(512 * mib)),
  since: [4, 0],
}

/**
 * A fork of a target that is being filled copies what is written meanwhile: up to twice its memory, and its disk besides.
 * Its append-only file stays on, for that is what a restart of it goes on from.
 */
const targetSaves: WantedSetting = {
  side: 'target',
  name: 'save',
  chosenBy: 'pauseSaves',
  partOf: whole,
  during: (part) => (part === '' ? null : ''),
}

const targetRewrites: WantedSetting = {
  side: 'target',
  name: 'auto-aof-rewrite-percentage',
  chosenBy: 'pauseSaves',
  partOf: whole,
  during: (part) => (part === '0' ? null : '0'),
}

export const wantedSettings: readonly WantedSetting[] = [
  outputBuffer,
  backlog,
  replTimeout,
  keyspaceEvents,
  sourceIdle,
  eviction,
  targetIdle,
  valueSize,
  targetSaves,
  targetRewrites,
]

/** Those that a task wants. */
export function settingsFor({ mode, adjustSettings, pauseSaves }: SettingChoice): readonly WantedSetting[] {
  const chosen = { pauseSaves }
  return wantedSettings.filter(
    (wanted) =>
      (wanted.mode ?? mode) === mode &&
      (wanted.chosenBy === undefined ? adjustSettings : chosen[wanted.chosenBy]),
  )
}
