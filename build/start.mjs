// `npm start`: the window where there is a display and an Electron, else the console for a browser.
import { spawnSync } from 'node:child_process'
import { buildIfNeeded } from './built.mjs'
import { findElectron, hasDisplay } from './electron.mjs'
import { inProject, projectNode, runToEnd, underProjectNode } from './run.mjs'

const downloadLimitMs = 120_000

await underProjectNode()
await buildIfNeeded()
const args = process.argv.slice(2)
const electron = hasDisplay() ? (findElectron() ?? downloadElectron()) : null
if (electron === null) {
  const why = hasDisplay() ? 'no Electron is to be had' : 'there is no display'
  process.stderr.write(`keyferry: ${why}, so the console is served to a browser instead.\n`)
  process.exitCode = await runToEnd(projectNode(), [inProject('out', 'main', 'cli.js'), 'serve', ...args])
} else {
  const asRoot = process.platform === 'linux' && process.getuid?.() === 0
  if (asRoot)
    process.stderr.write(
      'keyferry: started as root, where Chromium runs only without its sandbox (--no-sandbox).\n',
    )
  process.exitCode = await runToEnd(electron, [...(asRoot ? ['--no-sandbox'] : []), inProject(), ...args])
}

/** Electron's package brings its binary on demand only. */
function downloadElectron() {
  process.stderr.write('keyferry: fetching Electron, once …\n')
  spawnSync(projectNode(), [inProject('node_modules', 'electron', 'install.js')], {
    stdio: ['ignore', 2, 2],
    timeout: downloadLimitMs,
  })
  return findElectron()
}
