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

/** More failed tests than these are no matter of chance. */
const mostUnsteady = 6

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
const first = outcomes()
const again = process.exitCode === 0 ? [] : filesToRunAgain(first)
if (again.length > 0) {
  process.stderr.write(`\nOnce more, by themselves: ${again.join(', ')}\n`)
  process.exitCode = await run(again)
}
const last = again.length === 0 ? first : outcomes()
name('SKIPPED, so not proven', first, 'skipped')
name('FAILED', last, 'failed')
if (again.length > 0) name('UNSTEADY: failed first, each a defect to be found', first, 'failed')

/**
 * Files of which few tests failed, or whose process died under them. A failure that does not come again is one of
 * the test's own making, most often on a machine that was slower than it thought; it is named at the end all the same.
 */
function filesToRunAgain(tests) {
  if (tests.filter(({ status }) => status === 'failed').length > mostUnsteady) return []
  const unwell = tests.filter(({ status }) => status !== 'passed' && status !== 'skipped')
  return [...new Set(unwell.map(({ file }) => file))]
}

/** The tests of the run just ended, `pending` those whose process died; a file that could not be read is one. */
function outcomes() {
  if (!existsSync(report)) return []
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  return testResults.flatMap(({ name: path, status: ofFile, message, assertionResults }) => {
    const file = relative(inProject(), path)
    if (assertionResults.length === 0) return [{ file, test: '(none)', status: ofFile, why: message }]
    return assertionResults.map(({ fullName, status, failureMessages }) => ({
      file,
      test: fullName,
      status,
      why: failureMessages?.[0] ?? '',
    }))
  })
}

function name(what, tests, wanted) {
  const named = tests.filter(({ status }) => status === wanted)
  if (named.length === 0) return
  const lines = named.map(({ file, test, why }) =>
    `  ${file}: ${test}  ${why?.split('\n')[0] ?? ''}`.trimEnd(),
  )
  process.stderr.write(`\n${what} (${named.length}):\n${lines.join('\n')}\n`)
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
