import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { _electron, type ElectronApplication, type Page } from 'playwright-core'
import { projectRoot } from './serve.ts'
import { listenForComplaints } from './browser.ts'

/** The Electron to test with, or null: `ELECTRON_OVERRIDE_DIST_PATH`, else the one the package downloaded. */
export function findElectron(): string | null {
  const folders = [
    process.env['ELECTRON_OVERRIDE_DIST_PATH'],
    join(projectRoot, 'node_modules/electron/dist'),
  ]
  const name = process.platform === 'win32' ? 'electron.exe' : 'electron'
  const mac = 'Electron.app/Contents/MacOS/Electron'
  for (const folder of folders)
    for (const file of [name, mac]) if (folder && existsSync(join(folder, file))) return join(folder, file)
  return null
}

/** The real window, with a data folder of its own. */
export interface DesktopApp extends AsyncDisposable {
  readonly app: ElectronApplication
  readonly page: Page
  readonly complaints: readonly string[]
}

/** Starts the built app, or the one in `folder`. `home` is kept if given; without a display a virtual one is started. */
export async function startDesktop(
  electron: string,
  home?: string,
  folder = projectRoot,
  flags: readonly string[] = [],
): Promise<DesktopApp> {
  const data = home ?? (await mkdtemp(join(tmpdir(), 'keyferry-home-')))
  const display = await openDisplay()
  const app = await _electron.launch({
    executablePath: electron,
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...flags, folder],
    env: { ...definedEnvironment(), DISPLAY: display.name, KEYFERRY_HOME: data },
  })
  const page = await app.firstWindow()
  const complaints = listenForComplaints(page)
  return {
    app,
    page,
    complaints,
    async [Symbol.asyncDispose]() {
      await app.close()
      display.end()
      if (home === undefined) await rm(data, { recursive: true, force: true })
    },
  }
}

interface Display {
  readonly name: string
  end(): void
}

/** The display there is, else a virtual one until `end` is called. */
export function openDisplay(): Promise<Display> {
  const name = process.env['DISPLAY'] ?? ''
  if (name !== '' || process.platform !== 'linux') return Promise.resolve({ name, end: () => undefined })
  return startVirtualDisplay()
}

/**
 * An X server that picks a free number itself and tells it on descriptor 3. It ends with its last client even
 * where nobody is left to end it (`-terminate`).
 */
function startVirtualDisplay(): Promise<Display> {
  const server: ChildProcess = spawn(
    'Xvfb',
    ['-displayfd', '3', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp', '-terminate'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  )
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.on('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)))
    server.stdio[3]?.once('data', (number: Buffer) =>
      resolve({ name: `:${number.toString().trim()}`, end: () => server.kill() }),
    )
  })
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
