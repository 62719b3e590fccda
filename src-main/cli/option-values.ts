import { InvalidArgumentError } from 'commander'
import { commandWordsSchema, wordsOfCommand } from '#contract/cutover-command.ts'
import { isZone, momentAt, type Schedule } from '#contract/schedule.ts'
import {
  keyKinds,
  lastSlot,
  parseSlotRange,
  type KeyKind,
  type SlotRange,
  type TtlRule,
} from '#contract/selection.ts'

/** Reads a whole number of a range, for commander. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
    return value
  }
}

/** Reads one character of ASCII. */
export function oneByte(text: string): string {
  if (text.length !== 1 || text.charCodeAt(0) > 127)
    throw new InvalidArgumentError('It must be one character of ASCII.')
  return text
}

/** Reads a moment: ISO 8601 (of this machine's own time zone where it names none), or seconds since the epoch. */
export function moment(text: string): number {
  const at = /^\d{9,10}$/.test(text)
    ? Number(text) * 1000
    : /^\d{4}-\d\d-\d\d/.test(text)
      ? Date.parse(text)
      : NaN
  if (!Number.isFinite(at))
    throw new InvalidArgumentError('It must be a time, as in 2026-11-21T14:30:00Z, or seconds since 1970.')
  return at
}

/** Reads when something is to be started: `2026-11-22 02:00 Asia/Seoul`, or what `moment` reads. */
export function startTime(text: string): Schedule {
  const [, clockTime, named] = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d) +(\S+)$/.exec(text.trim()) ?? []
  if (clockTime === undefined || named === undefined)
    return { at: moment(text), zone: new Intl.DateTimeFormat().resolvedOptions().timeZone }
  const at = momentAt(clockTime, named)
  if (at === null)
    throw new InvalidArgumentError(
      isZone(named) ? 'Clocks there never show this time.' : `There is no time zone "${named}".`,
    )
  return { at, zone: named }
}

/** Reads a name of something: a script's variable that is not set names nothing. */
export function someText(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must not be empty.')
  return text
}

/** Gathers a flag that may be given several times. */
export function gather(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, someText(text)]
}

/** Gathers numbers of databases: `0`, or `0,3`, or the flag several times. */
export function databases(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, ...text.split(',').map(wholeNumber(0, 65535))]
}

/** Reads `3:0` or `3:0,4:1`: databases of the file and the databases they go to. */
export function dbMap(
  text: string,
  before: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  const pairs = text.split(',').map((pair) => {
    const [, from, to] = /^(\d{1,5}):(\d{1,5})$/.exec(pair) ?? []
    if (from === undefined || to === undefined || Number(to) > 65535)
      throw new InvalidArgumentError('It must be FROM:TO, as in 3:0, several with commas between them.')
    return [String(Number(from)), Number(to)] as const
  })
  return { ...before, ...Object.fromEntries(pairs) }
}

/** Gathers types: `hash`, or `hash,set`, or the flag several times. */
export function keyKindList(text: string, before: readonly KeyKind[] = []): readonly KeyKind[] {
  const named = text.split(',').map((name) => keyKinds.find((kind) => kind === name))
  if (named.includes(undefined)) throw new InvalidArgumentError(`It must be one of ${keyKinds.join(', ')}.`)
  return [...before, ...(named as KeyKind[])]
}

/** Gathers cluster slots: `0-5460`, or `866`, several with commas between them, or the flag several times. */
export function slotRanges(text: string, before: readonly SlotRange[] = []): readonly SlotRange[] {
  const ranges = text.split(',').map((part) => {
    const range = parseSlotRange(part)
    if (range === null) throw new InvalidArgumentError(`It must be FROM-TO, slots from 0 to ${lastSlot}.`)
    return range
  })
  return [...before, ...ranges]
}

/** Gathers prefixes by database: `3:orders:` puts `orders:` before the names of database 3. */
export function dbPrefix(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, db, prefix] = /^(\d{1,5}):(.+)$/s.exec(text) ?? []
  if (db === undefined || prefix === undefined)
    throw new InvalidArgumentError('It must be DB:PREFIX, as in 3:orders:')
  return { ...before, [String(Number(db))]: prefix }
}

const timeUnits = { '': 1_000, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Reads `keep`, `none`, `set:3600` or `extend:7d`. */
export function ttlRule(text: string): TtlRule {
  if (text === 'keep' || text === 'none') return { rule: text }
  const [, rule, number, unit = ''] = /^(set|extend):(\d{1,9})([smhd]?)$/.exec(text) ?? []
  const ms = Number(number) * timeUnits[unit as keyof typeof timeUnits]
  if ((rule !== 'set' && rule !== 'extend') || ms === 0)
    throw new InvalidArgumentError('It must be keep, none, set:TIME or extend:TIME, as in extend:7d.')
  return { rule, ms }
}

const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
}

/** Reads a size: bytes, or `50MB`, `64KiB`, `1.5G`. */
export function byteCount(least: number): (text: string) => number {
  return (text) => {
    const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s?((?:[kmg]i?)?)b?$/i.exec(text) ?? []
    const size = Math.round(Number(number) * (sizeUnits[unit.toLowerCase()] ?? NaN))
    if (!Number.isSafeInteger(size) || size < least)
      throw new InvalidArgumentError(`It must be a size of at least ${least} bytes, as in 50MB.`)
    return size
  }
}

/** Reads a command as words; no shell will. */
export function commandWords(text: string): readonly string[] {
  const words = commandWordsSchema.safeParse(wordsOfCommand(text))
  if (!words.success)
    throw new InvalidArgumentError('It must be a program and its arguments, each quote closed.')
  return words.data
}
