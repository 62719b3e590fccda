// `npm run bench:start`: how long the window takes from a cold start until it can be used, beside a window of the same
// Electron with nothing in it, turn by turn in one run.
//
//   node build/bench-start.mjs [--rounds 7]
//
// Both are driven in the same way, which costs both the same; each start is a process and a data folder of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findElectron, openDisplay, startDesktop } from '../test/support/electron.ts'
import { median } from './bench-data.mjs'
import { buildIfNeeded } from './built.mjs'
import { inProject } from './run.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } })
const electron = findElectron()
if (electron === null) throw new Error('No Electron found; set ELECTRON_OVERRIDE_DIST_PATH')

await buildIfNeeded()
const empty = emptyApp()
const apps = { empty, keyferry: inProject() }
const taken = { empty: [], keyferry: [] }
try {
  // The first starts bring both from the disk into memory, and are not counted.
  for (let round = 0; round <= Number(values.rounds); round += 1)
    for (const [name, app] of Object.entries(apps)) {
      const seconds = await start(app)
      if (round > 0) taken[name].push(seconds)
      console.error(`start ${round}: ${name} ${seconds.toFixed(2)} s`)
    }
} finally {
  rmSync(empty, { recursive: true, force: true })
}

const [ours, nothing] = [median(taken.keyferry), median(taken.empty)]
console.log(
  `From start to a usable window, medians of ${values.rounds}: keyferry ${ours.toFixed(2)} s, an empty window ${nothing.toFixed(2)} s: ${(ours / nothing).toFixed(2)} × (goal: 1.5 s)`,
)

/** Seconds until the page's heading is there, which is drawn with everything else one can press. */
async function start(app) {
  // Starting a display is no part of starting the window; a virtual one ends with its last window.
  const { DISPLAY } = process.env
  const display = await openDisplay()
  process.env.DISPLAY = display.name
  const began = performance.now()
  await using desktop = await startDesktop(electron, undefined, app)
  await desktop.page.getByRole('heading', { level: 1 }).waitFor()
  const seconds = (performance.now() - began) / 1000
  if (DISPLAY === undefined) delete process.env.DISPLAY
  return seconds
}

/** A folder with the least that Electron starts as an app. */
function emptyApp() {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-empty-'))
  const main = `const { app, BrowserWindow } = require('electron')
app.whenReady().then(() => new BrowserWindow({ width: 1280, height: 800 }).loadURL('data:text/html,<h1>empty</h1>'))`
  writeFileSync(join(folder, 'main.js'), main)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'empty', main: 'main.js' }))
  return folder
}
