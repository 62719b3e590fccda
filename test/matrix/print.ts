import type { LossKind } from '#contract/loss.ts'
import type { Cell } from './matrix.ts'
import type { MatrixServer } from './servers.ts'

/** What stands in a cell for each kind of loss. */
const letters: Readonly<Record<LossKind, string>> = {
  stream: 'S',
  function: 'F',
  module: 'M',
  'large-module': 'L',
  'cluster-command': 'C',
  'field-expiry': 'E',
  'stream-counters': 'c',
  'consumer-times': 't',
  access: 'a',
  'expiry-milliseconds': 'm',
  'module-data': 'd',
}

const legend = [
  '=  equal, value by value',
  'S  streams left out (before 5.0)',
  'F  functions left out (before 7.0)',
  'M  vector sets left out (where Redis 8.0 and its module are not)',
  'E  hashes written without the expiry of their fields (before Redis 7.4, Valkey 9.0)',
  'c  how many entries were ever added to a stream, deleted, and read by a group (before 7.0)',
  't  when consumers of a stream were last active (before 7.2, or where a stream goes as commands)',
  'm  milliseconds of expiries (before 2.6)',
  '✗  wrong',
]

/** The matrix as text: a row for each source, a column for each target. */
export function matrixLines(servers: readonly MatrixServer[], cells: readonly Cell[]): readonly string[] {
  const names = servers.map(shortName)
  const wide = Math.max(...names.map(({ length }) => length)) + 1
  const row = (head: string, parts: readonly string[]): string =>
    head.padEnd(wide + 2) +
    parts
      .map((part) => part.padEnd(wide))
      .join('')
      .trimEnd()
  return [
    row('from \\ to', names),
    ...servers.map((from, at) =>
      row(
        names[at]!,
        servers.map((to) => cellText(cellOf(cells, from, to))),
      ),
    ),
    '',
    ...legend,
  ]
}

function cellText(cell: Cell | undefined): string {
  if (cell === undefined) return ''
  if (cell.wrong.length > 0) return '✗'
  return cell.losses.map(({ what }) => letters[what]).join('') || '='
}

/** Every cell that is not as it should be, with some of what is wrong. */
export function wrongLines(cells: readonly Cell[]): readonly string[] {
  return cells
    .filter(({ wrong }) => wrong.length > 0)
    .flatMap(({ from, to, wrong }) => [
      `${from.name} → ${to.name}: ${wrong.length} wrong`,
      ...wrong.slice(0, 5).map((line) => `  ${line}`),
    ])
}

/** The matrix as a table of Markdown. */
export function markdownTable(servers: readonly MatrixServer[], cells: readonly Cell[]): string {
  const names = servers.map(shortName)
  const line = (parts: readonly string[]): string => `| ${parts.join(' | ')} |`
  return [
    line(['from \\ to', ...names]),
    line(['---', ...names.map(() => '---')]),
    ...servers.map((from, at) =>
      line([`**${names[at]!}**`, ...servers.map((to) => cellText(cellOf(cells, from, to)))]),
    ),
  ].join('\n')
}

function shortName({ name }: MatrixServer): string {
  return name.replace('redis ', 'r').replace('valkey ', 'v')
}

function cellOf(cells: readonly Cell[], from: MatrixServer, to: MatrixServer): Cell | undefined {
  return cells.find((cell) => cell.from === from && cell.to === to)
}
