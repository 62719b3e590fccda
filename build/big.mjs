// `npm run test:big`: values of the sizes that are promised (a list of 4 GiB, a hash of 50 million fields, a string of
// 500 MiB) restored by the built command line, with its largest resident size. Takes some minutes, 10 GB of disk and
// 12 GB of memory.
import { buildIfNeeded } from './built.mjs'
import { fetchServers, serversFolder } from './matrix-servers.mjs'
import { requirePrograms } from './prerequisites.mjs'
import { inProject, projectNode, runToEnd, underProjectNode } from './run.mjs'

await underProjectNode()
requirePrograms(['server'])
await buildIfNeeded()
if (process.env.KEYFERRY_TEST_SERVERS === undefined) fetchServers()
process.exitCode = await runToEnd(
  projectNode(),
  [
    inProject('node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--project',
    'live',
    'test/live/big-memory.test.ts',
  ],
  {
    env: {
      KEYFERRY_BIG: 'full',
      KEYFERRY_TEST_SERVERS: process.env.KEYFERRY_TEST_SERVERS ?? serversFolder,
    },
  },
)
