import { escapeKey } from '#contract/escape-key.ts'
import type { AofReport, FileReport, PrefixReport, Sizes } from '#contract/inspect.ts'
import { bytes, count, keys } from './figures.ts'
import { table } from './table.ts'

const checksums: Readonly<Record<FileReport['checksum'], string>> = {
  ok: 'checksum right',
  absent: 'no checksum (RDB below 5 has none)',
  disabled: 'checksum switched off by the server',
}

/** What is in a backup file, one string a line. */
export function reportLines(report: FileReport): readonly string[] {
  const { aof } = report
  if (aof === null) return rdbLines(report)
  // What it begins with is an RDB as any other.
  const base =
    report.rdbVersion === 0
      ? []
      : ['', ...rdbLines({ ...report, file: 'It begins with', bytes: report.bytes - aof.bytes })]
  return [...aofLines(report, aof), ...base]
}

function aofLines({ file, bytes: size }: FileReport, aof: AofReport): readonly string[] {
  const { commands, times, cutOff, history, unknown, dbs } = aof
  const lines = [
    `${file}: append-only file, ${bytes(size)}.`,
    `${count(commands)} ${commands === 1 ? 'command' : 'commands'} (${bytes(aof.bytes)}) on about ${keys(aof.keys)}${dbs.length === 0 ? '' : `, database ${dbs.join(', ')}`}.`,
  ]
  if (times !== null) lines.push(`Written between ${moment(times.first)} and ${moment(times.last)}.`)
  if (unknown.length > 0) lines.push(`Commands of no known kind: ${unknown.join(', ')}.`)
  if (history.length > 0)
    lines.push(`Not loaded, for a rewrite has replaced it: ${history.map(readable).join(', ')}.`)
  if (cutOff !== null)
    lines.push(
      `It ends inside a ${cutOff.inTransaction ? 'transaction' : 'command'}: a server leaves away ${bytes(cutOff.bytes)} from byte ${cutOff.offset} of ${cutOff.file} on.`,
    )
  return [
    ...lines,
    ...table(
      'Files, as they are loaded',
      [
        ['file', 'left'],
        ['size', 'right'],
      ],
      aof.files.map((one) => [readable(one.name), bytes(one.bytes)]),
    ),
    ...table(
      'Commands',
      [
        ['command', 'left'],
        ['times', 'right'],
      ],
      aof.byName.map(({ name, count: times }) => [name, count(times)]),
    ),
  ]
}

function moment(at: number): string {
  return new Date(at).toISOString().replace('.000', '')
}

function rdbLines(report: FileReport): readonly string[] {
  const { file, flavour, rdbVersion, functions, modules, opcodes, prefixes, trailingBytes } = report
  const server = flavour === 'valkey' ? 'Valkey' : 'Redis'
  const lines = [
    `${file}: ${server} RDB version ${rdbVersion}, ${bytes(report.bytes)}, ${checksums[report.checksum]}.`,
    `${keys(report.keys)}, ${report.expiring === 0 ? 'none' : count(report.expiring)} of them with an expiry${functions > 0 ? `; ${count(functions)} function ${functions === 1 ? 'library' : 'libraries'}` : ''}.`,
  ]
  lines.push(`On a server about ${bytes(report.memoryBytes)} of memory.`)
  if (modules.length > 0) lines.push(`Modules: ${modules.map(readable).join(', ')}.`)
  if (trailingBytes > 0) lines.push(`${bytes(trailingBytes)} follow after the end of the data set.`)
  return [
    ...lines,
    ...table(
      'Databases',
      [
        ['db', 'right'],
        ['keys', 'right'],
        ['with expiry', 'right'],
      ],
      report.dbs.map(({ db, keys: held, expiring }) => [String(db), count(held), count(expiring)]),
    ),
    ...table(
      'Types',
      [
        ['type', 'left'],
        ['encoding', 'left'],
        ['keys', 'right'],
        ['size', 'right'],
      ],
      report.types.map((type) => [
        type.kind,
        `${type.name} (${type.code})`,
        count(type.keys),
        bytes(type.bytes),
      ]),
    ),
    ...table(
      `Keys by prefix, up to ${prefixes.depth === 1 ? 'the first' : `number ${prefixes.depth} of`} ${readable(prefixes.separator)}${prefixes.exact ? '' : ' (there are so many that some are told too small)'}`,
      [
        ['prefix', 'left'],
        ['keys', 'right'],
        ['size', 'right'],
        ['memory', 'right'],
      ],
      prefixRows(prefixes),
    ),
    ...table(
      'Largest values',
      [
        ['db', 'right'],
        ['size', 'right'],
        ['type', 'left'],
        ['key', 'left'],
      ],
      report.biggest.map(({ db, key, kind, bytes: size }) => [String(db), bytes(size), kind, key]),
    ),
    ...table(
      'Recorded by the server',
      [
        ['field', 'left'],
        ['value', 'left'],
      ],
      report.aux.map(({ name, value }) => [readable(name), readable(value)]),
    ),
    ...table(
      'Marks in the file',
      [
        ['opcode', 'left'],
        ['times', 'right'],
      ],
      opcodes.map(({ name, count: times }) => [name, count(times)]),
    ),
  ]
}

function prefixRows({ rows, others, separator }: PrefixReport): string[][] {
  const cells = ({ keys: held, bytes: size, memoryBytes }: Sizes): string[] => [
    count(held),
    bytes(size),
    bytes(memoryBytes),
  ]
  const none = `(without ${readable(separator)})`
  return [
    ...rows.map((row) => [row.prefix === '' ? none : `${row.prefix}*`, ...cells(row)]),
    ...(others.keys > 0 ? [['(all others)', ...cells(others)]] : []),
  ]
}

/** Text from inside the file, so that it cannot steer the terminal. */
function readable(text: string): string {
  return escapeKey(Buffer.from(text))
}
