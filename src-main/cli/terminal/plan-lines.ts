import type { PlannedKey, PlannedSizes, RestorePlan } from '#contract/restore-plan.ts'
import type { ConflictPolicy } from '#contract/restore.ts'
import { leftOutRules } from '#contract/selection.ts'
import { sayFailure } from '#contract/words/say-failure.ts'
import { commandFigures, commandPlanLines } from './command-plan-lines.ts'
import { bytes, count, duration, keys } from './figures.ts'
import { flagsOfRules, leftOutBy } from './left-out-by.ts'
import { functionsRow } from './functions-row.ts'
import { lossLines } from './loss-lines.ts'
import { table, type Align } from './table.ts'

/** What a restore would do, one string a line. */
export function planLines(plan: RestorePlan, onConflict: ConflictPolicy): readonly string[] {
  const { files, target, targetVersion, toWrite, conflicts, commands } = plan
  return [
    'Nothing has been written: this is what a restore would do.',
    `${files.join(', ')} (${bytes(plan.bytes)}) into ${target}, a server of version ${targetVersion}.`,
    ...figureLines(plan, onConflict),
    ...lossLines(plan.cannotHold),
    ...table(
      'Types',
      [['type', 'left'], ...sizeColumns],
      plan.kinds.map((row) => [row.kind, ...cells(row)]),
    ),
    ...table(
      'Databases',
      [['db', 'right'], ['into', 'right'], ...sizeColumns],
      plan.dbs.map((row) => [String(row.from), String(row.to), ...cells(row)]),
    ),
    ...(commands === null ? [] : commandPlanLines(commands)),
    ...table(
      `Keys, ${count(plan.sample.length)} of ${count(plan.keys)}`,
      [
        ['db', 'right'],
        ['key', 'left'],
        ['type', 'left'],
        ['size', 'right'],
        ['becomes', 'left'],
      ],
      plan.sample.map((key) => [String(key.db), key.key, key.kind, bytes(key.bytes), becomes(key)]),
    ),
    '',
    ...verdict(plan, onConflict === 'skip' ? toWrite.keys - conflicts.keys : toWrite.keys),
  ]
}

const sizeColumns: readonly (readonly [string, Align])[] = [
  ['keys', 'right'],
  ['size', 'right'],
  ['memory', 'right'],
]

function cells({ keys: held, bytes: size, memoryBytes }: PlannedSizes): string[] {
  return [count(held), bytes(size), bytes(memoryBytes)]
}

function figureLines(plan: RestorePlan, onConflict: ConflictPolicy): readonly string[] {
  const { toWrite, conflicts, memory, time, commands } = plan
  const left = plan.keys - toWrite.keys - plan.expired - plan.lost
  const rows: (readonly [name: string, value: number, note: string])[] = [
    ['to write', toWrite.keys, `${bytes(toWrite.bytes)} in the file`],
    ['as they are', plan.asItIs, ''],
    ['converted', plan.converted, 'to encodings that the target reads'],
    ['commands', plan.asCommands, 'built up in pieces, then renamed'],
    ['renamed', plan.renamed, ''],
    ['left out', left, left > 0 ? leftOutBy(plan.leftOut) : ''],
    ['expired', plan.expired, 'past their time, as Redis would do'],
    ['lost', plan.lost, 'more than the target can hold'],
    ['there already', conflicts.keys, conflictNotes[onConflict]],
  ]
  const shown = rows.filter(([name, value]) => value > 0 || name === 'to write')
  const wide = Math.max(...shown.map(([, value]) => keys(value).length))
  const line = (name: string, value: string, note: string): string =>
    `  ${name.padEnd(15)}${value.padEnd(wide)}  ${note}`.trimEnd()
  return [
    ...shown.map(([name, value, note]) => line(name, keys(value), note)),
    ...functionsRow(plan).map((row) => line(...row)),
    ...(commands === null ? [] : commandFigures(commands).map((row) => line(...row))),
    line('memory', `about ${bytes(memory.needed)}`, memoryNote(memory)),
    ...(commands === null
      ? []
      : ['                 and what the commands make, which is not known before they are applied']),
    line('time', `about ${duration(time.seconds * 1000)}`, timeNotes[time.boundBy]),
  ]
}

const conflictNotes: Readonly<Record<ConflictPolicy, string>> = {
  fail: 'so nothing would be written',
  skip: 'they stay as they are',
  replace: 'they are replaced',
}

const timeNotes: Readonly<Record<RestorePlan['time']['boundBy'], string>> = {
  bytes: 'held to --max-bytes',
  keys: 'held to --max-keys',
  link: 'as fast as one connection just took bytes',
  server: 'as fast as servers were seen to take it',
}

function memoryNote({ used, max }: RestorePlan['memory']): string {
  if (used === null) return ''
  return max === null || max === 0
    ? `beside ${bytes(used)} in use; the target has no limit`
    : `beside ${bytes(used)} in use, of ${bytes(max)}`
}

function becomes(key: PlannedKey): string {
  switch (key.way) {
    case 'left-out': {
      const rule = leftOutRules.find((one) => one === key.reason)
      return `left out${rule === undefined ? '' : ` by ${flagsOfRules[rule]}`}`
    }
    case 'expired':
      return 'expired: left out'
    case 'cannot-hold':
      return `lost (${key.reason})`
    case 'exists':
      return 'stays as it is on the target'
    default: {
      const ways = { 'as-it-is': '', converted: ', converted', commands: ', as commands' } as const
      const ttl = key.ttlMs === null ? '' : key.ttlMs > 0 ? `, for ${duration(key.ttlMs)}` : ', past its time'
      return `db ${key.newDb} ${key.newKey}${ways[key.way]}${ttl}`
    }
  }
}

function verdict({ stops, memory, commands }: RestorePlan, written: number): readonly string[] {
  const { used, max, needed } = memory
  const tight = used !== null && max !== null && max > 0 && used + needed > max
  const warning = tight ? ['It may not fit: the target would be over its maxmemory.'] : []
  if (stops.length === 0) {
    const goesOn = commands?.isBegun
      ? ['The target holds a part of this already: the restore would go on from there.']
      : []
    const then = commands === null ? '' : `, then apply ${count(commands.total)} commands`
    return [...warning, ...goesOn, `It would write ${keys(written)}${then}.`]
  }
  return [
    ...warning,
    'It would not begin:',
    ...stops.flatMap((failure) => {
      const { what, todo } = sayFailure(failure, 'en')
      return [`  ${what}`, `  ${todo}`, `  (${failure.code})`]
    }),
  ]
}
