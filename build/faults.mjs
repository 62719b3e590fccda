// `npm run test:faults [-- --faults 400]`: live copies under storms of faults at random, in their long form: between two
// servers, into a cluster, and from one cluster into another. An hour.
import { parseArgs } from 'node:util'
import { requirePrograms } from './prerequisites.mjs'
import { inProject, projectNode, runToEnd, underProjectNode } from './run.mjs'

await underProjectNode()
requirePrograms(['server'])
const { values } = parseArgs({ options: { faults: { type: 'string', default: '400' } } })
process.exitCode = await runToEnd(
  projectNode(),
  [inProject('node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', 'live', 'test/faults/storm'],
  { env: { KEYFERRY_FAULTS: values.faults } },
)
