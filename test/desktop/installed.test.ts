import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findElectron, openDisplay } from '../support/electron.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'
import { projectRoot } from '../support/serve.ts'

const run = promisify(execFile)
const electron = process.platform === 'linux' ? findElectron() : null
if (electron === null) console.warn('\nSKIPPED: the installed app. No Electron found, or not on Linux.\n')

describe.skipIf(electron === null)('the installed app', () => {
  let folder: string
  let program: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyferry-installed-'))
    const dist = dirname(electron ?? '')
    const version = (await readFile(join(dist, 'version'), 'utf8')).trim().replace(/^v/, '')
    const builder = join(projectRoot, 'node_modules/.bin/electron-builder')
    const settings = [`electronDist=${dist}`, `electronVersion=${version}`, `directories.output=${folder}`]
    const args = ['--dir', '--linux', '-c', 'build/electron-builder.yml']
    await run(builder, [...args, ...settings.map((setting) => `-c.${setting}`)], { cwd: projectRoot })
    program = join(folder, 'linux-unpacked', 'keyferry')
  }, 120_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('answers on the terminal without a display', async () => {
    const { DISPLAY: _display, ...env } = process.env
    await using source = await startRedis()
    await using target = await startRedis()
    await fillWithEveryType(source)
    await source.call('SAVE')
    const file = join(source.dir, 'dump.rdb')

    const said = await run(program, ['restore', '-i', file, '-t', `${target.host}:${target.port}`], { env })
    const unknown = await run(program, ['frobnicate'], { env }).catch((thrown: unknown) => thrown)

    expect(said.stdout).toContain('Restored')
    expect(await target.call('DEBUG', 'DIGEST')).toEqual(await source.call('DEBUG', 'DIGEST'))
    expect(unknown).toMatchObject({ code: 2 })
  })

  test('is no Node.js for others: the fuses for that are blown', async () => {
    const asked = { ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '--require=/nowhere.js' }
    const said = await run(program, ['--version'], { env: { ...process.env, ...asked } })

    expect(said.stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/)
    expect(said.stdout).not.toContain(process.version.slice(0, 3))
  })

  test('opens its window', async () => {
    const display = await openDisplay()
    const port = await freePort()
    const home = join(folder, 'home')
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const started: ChildProcess = spawn(program, [...asRoot, `--remote-debugging-port=${port}`], {
      env: { ...process.env, DISPLAY: display.name, KEYFERRY_HOME: home },
      stdio: 'ignore',
    })
    try {
      const browser = await vi.waitFor(() => chromium.connectOverCDP(`http://127.0.0.1:${port}`), {
        timeout: 20_000,
        interval: 200,
      })
      const page = await vi.waitUntil(() => browser.contexts()[0]?.pages()[0], { timeout: 10_000 })
      await page.getByRole('heading', { level: 1 }).waitFor()

      expect(page.url()).toMatch(/^app:\/\/keyferry\//)
      await browser.close()
    } finally {
      const ended = once(started, 'exit')
      started.kill()
      await ended
      display.end()
    }
  })
})
