import { parseSlotRange, type SlotRange } from '#contract/selection.ts'

/** Globs, one a line; empty lines are nothing. */
export function parsePatterns(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** `3:0, 4:1` → `{ '3': 0, '4': 1 }`; null where it is not that, names a database twice, or is empty. */
export function parseDbMap(text: string): Record<string, number> | null {
  const map: Record<string, number> = {}
  const pairs = text.split(/[\s,]+/).filter((pair) => pair !== '')
  for (const pair of pairs) {
    const [, from, to] = /^(\d{1,5}):(\d{1,5})$/.exec(pair) ?? []
    if (from === undefined || to === undefined || !isDatabase(to) || from in map) return null
    map[from] = Number(to)
  }
  return pairs.length === 0 ? null : map
}

/** `0, 3` → `[0, 3]`, empty for all; null where it is not that. */
export function parseDatabases(text: string): readonly number[] | null {
  const numbers = text.split(/[\s,]+/).filter((number) => number !== '')
  return numbers.every(isDatabase) ? [...new Set(numbers.map(Number))] : null
}

/** `0-5460, 12000` → ranges, empty for all; null where it is not that, or beyond the last slot. */
export function parseSlots(text: string): readonly SlotRange[] | null {
  const ranges = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map(parseSlotRange)
  return ranges.includes(null) ? null : (ranges as readonly SlotRange[])
}

/** `3:orders:`, one a line → `{ '3': 'orders:' }`, empty for none; null where it is not that. */
export function parseDbPrefixes(text: string): Readonly<Record<string, string>> | null {
  const prefixes: Record<string, string> = {}
  for (const line of parsePatterns(text)) {
    const [, db, prefix] = /^(\d{1,5}):(.+)$/.exec(line) ?? []
    if (db === undefined || prefix === undefined || !isDatabase(db) || db in prefixes) return null
    prefixes[db] = prefix
  }
  return prefixes
}

/** As `parseDbMap` reads it. */
export function sayDbMap(map: Readonly<Record<string, number>>): string {
  return Object.entries(map)
    .map(([from, to]) => `${from}:${to}`)
    .join(', ')
}

/** As `parseDbPrefixes` reads it. */
export function sayDbPrefixes(prefixes: Readonly<Record<string, string>>): string {
  return Object.entries(prefixes)
    .map(([db, prefix]) => `${db}:${prefix}`)
    .join('\n')
}

/** A whole number within bounds, as typed. */
export function isWithin(text: string, low: number, high: number): boolean {
  return /^\d{1,9}$/.test(text.trim()) && Number(text) >= low && Number(text) <= high
}

function isDatabase(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535
}
