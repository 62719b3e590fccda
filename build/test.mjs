// `npm test [filters]`: everything the tests need, the build, then vitest with all projects. What was skipped is
// named at the end, because a skipped test proves nothing.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { relative } from 'node:path'
import { buildIfNeeded } from './built.mjs'
import { findElectron } from './electron.mjs'
import { fetchServers, serversFolder } from './matrix-servers.mjs'
import { requirePrograms } from './prerequisites.mjs'
import { inProject, projectNode, runToEnd, underProjectNode } from './run.mjs'

await underProjectNode()
requirePrograms(['server', 'openssl', 'chromium', 'xvfb', 'sshd'])
prepareElectron()
prepareServers()
await buildIfNeeded()

const report = inProject('.cache', 'test-report.json')
rmSync(report, { force: true })
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const vitest = inProject('node_modules', 'vitest', 'vitest.mjs')
const run = (filters) =>
  runToEnd(projectNode(), [vitest, 'run', ...reporters, ...filters], { cwd: inProject() })
process.exitCode = await run(process.argv.slice(2))
const unfinished = process.exitCode === 0 ? [] : unfinishedFiles()
if (unfinished.length > 0) {
  process.stderr.write(
    `\nA process of the test runner died. Once more, what it left: ${unfinished.join(', ')}\n`,
  )
  process.exitCode = await run(unfinished)
}
nameSkipped()

/** Files with tests that never ran because the process they ran in died; none where any test has failed. */
function unfinishedFiles() {
  if (!existsSync(report)) return []
  const { numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
  if (numFailedTests > 0) return []
  return testResults
    .filter(({ assertionResults }) => assertionResults.some(({ status }) => status !== 'passed'))
    .map(({ name }) => relative(inProject(), name))
}

/** Where Electron's own download cannot be reached, a runtime beside the checkout serves the window's tests. */
function prepareElectron() {
  if (findElectron() !== null || process.platform !== 'linux') return
  const setup = inProject('..', 'shared', 'electron', 'setup.sh')
  if (!existsSync(setup)) return
  const folder = inProject('.cache', 'electron')
  const done = spawnSync('sh', [setup, folder], { stdio: ['ignore', 2, 2] })
  if (done.status === 0) process.env.ELECTRON_OVERRIDE_DIST_PATH = folder
}

/** Servers of other versions, where nobody named a folder with them. */
function prepareServers() {
  if (process.env.KEYFERRY_TEST_SERVERS !== undefined) return
  fetchServers()
  process.env.KEYFERRY_TEST_SERVERS = serversFolder
}

function nameSkipped() {
  if (!existsSync(report)) return
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  const skipped = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => `  ${relative(inProject(), name)}: ${fullName}`),
  )
  if (skipped.length === 0) return
  process.stderr.write(`\nSKIPPED, so not proven (${skipped.length}):\n${skipped.join('\n')}\n`)
}
