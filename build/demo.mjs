// `npm run demo`: the main job between two real servers of its own, from nothing but `npm ci`.
import { buildIfNeeded } from './built.mjs'
import { requirePrograms } from './prerequisites.mjs'
import { inProject, projectNode, runToEnd, underProjectNode } from './run.mjs'

await underProjectNode()
requirePrograms(['server'])
await buildIfNeeded()
const args = [inProject('out', 'main', 'cli.js'), 'demo', ...process.argv.slice(2)]
process.exitCode = await runToEnd(projectNode(), args)
