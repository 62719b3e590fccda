// Every server into every other, whole and as commands; the outcome on stdout, exit code 1 where any cell is wrong.
// `--only 7.0,9.1` takes some of the servers.
import { MatrixSources, restoreAllInto, type Cell } from './matrix.ts'
import { matrixLines, wrongLines } from './print.ts'
import { matrixServers } from './servers.ts'

const only = process.argv[process.argv.indexOf('--only') + 1]?.split(',')
const servers = matrixServers().filter(
  ({ name }) => !process.argv.includes('--only') || only?.some((part) => name.includes(part)),
)
const started = performance.now()
using sources = await MatrixSources.make(servers)
process.stdout.write(`${servers.length} servers, ${sources.all.length ** 2} ordered pairs\n`)
for (const way of ['values', 'commands'] as const) {
  const cells: Cell[] = []
  for (const to of servers) cells.push(...(await restoreAllInto(to, sources.all, way)))
  const title =
    way === 'values'
      ? 'Values as the target reads them (RESTORE, converted where need be)'
      : 'As commands alone (a target that knows or allows no RESTORE)'
  const wrong = wrongLines(cells)
  const right = cells.filter((cell) => cell.wrong.length === 0).length
  process.stdout.write(`\n${title}: ${right} of ${cells.length} as they should be\n\n`)
  process.stdout.write([...matrixLines(servers, cells), ...wrong, ''].join('\n'))
  if (wrong.length > 0) process.exitCode = 1
}
process.stdout.write(`\n${((performance.now() - started) / 1000).toFixed(0)} s\n`)
