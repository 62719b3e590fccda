// `npm run test:faults [-- --faults 400]`: a live copy under a storm of faults at random, in its long form. Half an hour.
import { parseArgs } from 'node:util'
import { requirePrograms } from './prerequisites.mjs'
import { inProject, projectNode, runToEnd, underProjectNode } from './run.mjs'

await underProjectNode()
requirePrograms(['server'])
const { values } = parseArgs({ options: { faults: { type: 'string', default: '400' } } })
process.exitCode = await runToEnd(
  projectNode(),
  [
    inProject('node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--project',
    'live',
    'test/faults/storm.test.ts',
  ],
  { env: { KEYFERRY_FAULTS: values.faults } },
)
