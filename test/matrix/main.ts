// Every server into every other, whole and as commands; the outcome on stdout, exit code 1 where any cell is wrong.
// `--only 7.0,9.1` takes some of the servers; `--write` takes the outcome into docs/versions.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runMatrix, type Cell } from './matrix.ts'
import { matrixLines, markdownTable, wrongLines } from './print.ts'
import { matrixServers } from './servers.ts'

const { values } = parseArgs({
  options: { only: { type: 'string' }, write: { type: 'boolean', default: false } },
})
const wanted = values.only?.split(',')
const servers = matrixServers().filter(({ name }) => wanted?.some((part) => name.includes(part)) ?? true)
const started = performance.now()
// So that the servers end with it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
process.stdout.write(`${servers.length} servers, ${servers.length ** 2} ordered pairs\n`)
const titles = {
  values: 'Values as the target reads them (RESTORE, converted where need be)',
  commands: 'As commands alone (a target that knows or allows no RESTORE)',
  large: 'Values of more than 8 MiB, into the server before and the one after',
}
for (const way of ['values', 'commands', 'large'] as const) {
  const cells = await runMatrix(servers, way, (some) => process.stderr.write(progressLine(way, some)))
  const wrong = wrongLines(cells)
  const right = cells.filter((cell) => cell.wrong.length === 0).length
  process.stdout.write(`\n${titles[way]}: ${right} of ${cells.length} as they should be\n\n`)
  process.stdout.write([...matrixLines(servers, cells), ...wrong, ''].join('\n'))
  if (wrong.length > 0) process.exitCode = 1
  if (way === 'values' && values.write) writePage(markdownTable(servers, cells))
}
process.stdout.write(`\n${((performance.now() - started) / 1000).toFixed(0)} s\n`)

function progressLine(way: string, cells: readonly Cell[]): string {
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  const wrong = wrongLines(cells).map((line) => `${line}\n`)
  return `${seconds} s, ${way}, ${cells.length} into ${cells[0]?.to.name}\n${wrong.join('')}`
}

function writePage(table: string): void {
  const page = new URL('../../docs/versions.md', import.meta.url)
  const text = readFileSync(page, 'utf8')
  writeFileSync(page, text.replace(/(<!-- matrix -->\n)[^]*?(<!-- end -->)/, `$1\n${table}\n\n$2`))
}
