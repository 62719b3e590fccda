import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findElectron, startDesktop, type DesktopApp } from '../support/electron.ts'
import { projectRoot } from '../support/serve.ts'

const passphrase = 'three words and a number'
const electron = findElectron()
if (electron === null)
  console.warn(
    '\nSKIPPED: the window. No Electron found; set ELECTRON_OVERRIDE_DIST_PATH or npx install-electron.\n',
  )

describe.skipIf(electron === null)('the window', () => {
  let desktop: DesktopApp
  let home: string

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'keyferry-home-'))
    desktop = await startDesktop(electron ?? '', home)
    await desktop.page.getByRole('heading', { level: 1 }).waitFor()
  })

  afterAll(async () => {
    await desktop[Symbol.asyncDispose]()
    await rm(home, { recursive: true, force: true })
  })

  test('shows the console from its own origin, and complains of nothing', () => {
    expect(desktop.page.url()).toMatch(/^app:\/\/keyferry\/(#.*)?$/)
    expect(desktop.complaints).toEqual([])
  })

  test('gives the page nothing but what a browser gives', async () => {
    const { app, page } = desktop
    // The style sheet as a page: it is given the preload script as any page of ours, and brings none of its own.
    const sheet = await page.locator('link[rel=stylesheet]').getAttribute('href')
    const console = page.url()
    await page.goto(new URL(sheet ?? '', console).href)
    // A frame within it is given no preload script: what the page has more than the frame came from there.
    const more = await page.evaluate(() => {
      const frame = document.createElement('iframe')
      document.body.append(frame)
      const plain = new Set(Object.getOwnPropertyNames(frame.contentWindow))
      return Object.getOwnPropertyNames(window).filter((name) => !plain.has(name) && !/^\d+$/.test(name))
    })
    await page.goto(console)
    await page.getByRole('heading', { level: 1 }).waitFor()
    const preferences = await app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents
      // Not in Electron's types; it tells what the window really runs with.
      return (contents as unknown as { getLastWebPreferences(): object }).getLastWebPreferences()
    })

    expect(more.filter((name) => !name.startsWith('__playwright'))).toEqual([])
    expect(preferences).toMatchObject({
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      sandbox: true,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
    })
    expect({ enableBlinkFeatures: '', ...preferences }).toMatchObject({ enableBlinkFeatures: '' })
  })

  test('the key of stored passwords goes into a key ring that protects it, and into no other', async () => {
    const { page, app } = desktop
    const panel = await openSecrets()
    expect(await app.evaluate(({ safeStorage }) => safeStorage.isEncryptionAvailable())).toBe(false)
    await panel.getByText('This system has no key ring that protects anything').waitFor()
    expect(await panel.getByText('Key ring of this system').count()).toBe(0)

    // Stands for one: it seals as Electron does, with a password that is no secret.
    await app.evaluate(({ safeStorage }) => {
      safeStorage.setUsePlainTextEncryption(true)
      safeStorage.getSelectedStorageBackend = () => 'gnome_libsecret'
    })
    await page.reload()
    await openSecrets()
    await panel.getByText('Key ring of this system').click()
    await panel.getByLabel('New passphrase').fill(passphrase)
    const plainKey = await readFile(join(home, 'keyferry.key'))
    await panel.getByRole('button', { name: 'Keep the key this way' }).click()
    await panel.getByText('which the key ring of this system unlocks').waitFor()

    const { keyRing } = JSON.parse(await readFile(join(home, 'keyferry.key'), 'utf8')) as { keyRing: string }
    const unwrapped = await app.evaluate(
      ({ safeStorage }, wrapped) => safeStorage.decryptString(Buffer.from(wrapped, 'base64')),
      keyRing,
    )
    expect(Buffer.from(unwrapped, 'base64')).toEqual(plainKey)
  })

  test('stays where it is, opens no other window and loads from nowhere else', async () => {
    const { app, page } = desktop
    let asked = 0
    const site = createServer((_request, response) => {
      asked += 1
      response.end('elsewhere')
    })
    site.listen(0, '127.0.0.1')
    await once(site, 'listening')
    const elsewhere = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`
    const before = page.url()

    const tried = await page.evaluate(async (url) => {
      const opened = window.open(url)
      const link = document.createElement('a')
      link.href = url
      document.body.append(link)
      link.click()
      link.remove()
      const frame = document.createElement('iframe')
      frame.src = url
      document.body.append(frame)
      const fetched = await fetch(url, { mode: 'no-cors' }).then(
        () => 'reached',
        () => 'refused',
      )
      location.href = url
      await new Promise((resolve) => setTimeout(resolve, 300))
      frame.remove()
      return { opened: opened === null, fetched }
    }, elsewhere)

    expect(tried).toEqual({ opened: true, fetched: 'refused' })
    expect(page.url()).toBe(before)
    expect(asked).toBe(0)
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
    site.close()
  })

  test('runs no script but its own, and reads no file of the machine', async () => {
    const { page } = desktop
    const tried = await page.evaluate(async () => {
      const script = document.createElement('script')
      script.textContent = 'window.wasRun = true'
      document.body.append(script)
      script.remove()
      const button = document.createElement('button')
      button.setAttribute('onclick', 'window.wasRun = true')
      button.click()
      const evaluated = await new Promise((resolve) => {
        const module = document.createElement('script')
        module.src = 'data:text/javascript,window.wasRun = true'
        module.onload = () => resolve('run')
        module.onerror = () => resolve('refused')
        document.body.append(module)
      })
      const file = await fetch('file:///etc/passwd').then(
        () => 'read',
        () => 'refused',
      )
      const policy = (await fetch('/')).headers.get('content-security-policy')
      return { evaluated, file, policy, wasRun: 'wasRun' in window }
    })

    expect(tried).toMatchObject({ evaluated: 'refused', file: 'refused', wasRun: false })
    expect(tried.policy).toContain("default-src 'self'; script-src 'self'; style-src 'self'")
    expect(tried.policy).not.toContain('unsafe')
  })

  test('hears no page that is not its own, though it had the same preload script', async () => {
    const { app, page } = desktop
    const ours = await page.evaluate(askOverPort, 10_000)
    const theirs = await app.evaluate(async ({ BrowserWindow }, question) => {
      const contents = BrowserWindow.getAllWindows()[0]!.webContents
      const { preload } = (
        contents as unknown as { getLastWebPreferences(): { preload: string } }
      ).getLastWebPreferences()
      const window = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } })
      await window.loadURL('data:text/html,<h1>elsewhere</h1>')
      const heard = (await window.webContents.executeJavaScript(`(${question})(1500)`)) as string
      window.destroy()
      return heard
    }, String(askOverPort))

    expect(ours).toContain('"shell":"desktop"')
    expect(theirs).toBe('nothing')
  })

  test('a port that speaks no frames is closed, and nothing else is disturbed', async () => {
    const { app, page } = desktop
    const heard = await page.evaluate(async () => {
      const call = '{"i":"1","p":{"u":"/host/capabilities"}}'
      const frames = [
        '',
        'null',
        '[]',
        '{"i":"1","p":{"u":"/../x"}}',
        '{"i":1,"p":{"u":"/a"}}',
        'x'.repeat(1e6),
      ]
      const others = [new ArrayBuffer(8), { i: '1', p: { u: '/host/capabilities' } }, 7, null]
      const answers: string[] = []
      for (const frame of [...frames, ...others]) {
        const { port1, port2 } = new MessageChannel()
        const closed = new Promise((resolve) => port1.addEventListener('close', resolve, { once: true }))
        port1.onmessage = ({ data }) => answers.push(String(data))
        window.postMessage('keyferry:connect', '*', [port2])
        port1.postMessage(frame)
        port1.postMessage(call)
        await closed
      }
      return answers
    })
    expect(heard).toEqual([])
    expect(await page.evaluate(askOverPort, 10_000)).toContain('"shell":"desktop"')
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
  })

  test('serves no path but the console’s own', async () => {
    const statuses = await desktop.page.evaluate(async () => {
      const paths = [
        '/package.json',
        '/..%2fpackage.json',
        '/%2e%2e/main/desktop.js',
        '//etc/passwd',
        '/assets/',
      ]
      const answers = await Promise.all(paths.map((path) => fetch(`app://keyferry${path}`)))
      return answers.map(({ status }) => status)
    })

    expect(statuses).toEqual([404, 404, 404, 404, 404])
  })

  test('grants no permission', async () => {
    const asked = await desktop.page.evaluate(async () => ({
      notifications: await Notification.requestPermission(),
      geolocation: (await navigator.permissions.query({ name: 'geolocation' })).state,
      camera: await navigator.mediaDevices.getUserMedia({ video: true }).then(
        () => 'granted',
        () => 'denied',
      ),
    }))

    expect(asked).toEqual({ notifications: 'denied', geolocation: 'denied', camera: 'denied' })
  })

  test('runs once: a second start hands over to the first and ends', async () => {
    const args = [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), projectRoot]
    const display = await desktop.app.evaluate(() => process.env['DISPLAY'] ?? '')
    const second = execFile(electron ?? '', args, {
      env: { ...process.env, DISPLAY: display, KEYFERRY_HOME: home },
    })
    const [code] = (await once(second, 'exit')) as [number]

    expect(code).toBe(0)
    expect(await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
  })

  test('opens again where it was closed, and as large', async () => {
    const bounds = { x: 140, y: 90, width: 1040, height: 700 }
    await desktop.app.evaluate(
      ({ BrowserWindow }, kept) => BrowserWindow.getAllWindows()[0]?.setBounds(kept),
      bounds,
    )
    await zoomIn(10)
    await desktop[Symbol.asyncDispose]()
    desktop = await startDesktop(electron ?? '', home)
    await desktop.page.getByRole('heading', { level: 1 }).waitFor()
    const { wide, shown, zoom } = await sizes()
    await zoomIn(0)
    const now = await desktop.app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.getBounds(),
    )

    expect(now).toEqual(bounds)
    // Deep zoom: two and a half times as large, and still nothing to be found by scrolling sideways alone.
    expect(zoom).toBeCloseTo(1.2 ** 5)
    expect(wide).toBe(shown)
  })

  /** From the menu, from actual size on; every two steps make it a fifth larger. */
  function zoomIn(steps: number): Promise<void> {
    return desktop.app.evaluate(({ Menu, BrowserWindow }, times) => {
      const window = BrowserWindow.getAllWindows()[0]!
      const items = Menu.getApplicationMenu()!.items.flatMap(({ submenu }) => submenu?.items ?? [])
      const press = (label: string): void =>
        items.find((item) => item.label === label)?.click(undefined, window, window.webContents)
      press('Actual size')
      for (let step = 0; step < times; step += 1) press('Zoom in')
    }, steps)
  }

  /** CSS pixels of the page's content and of what is seen of it, and how much larger than actual size it is. */
  async function sizes(): Promise<{ wide: number; shown: number; zoom: number }> {
    const zoom = await desktop.app.evaluate(
      ({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.webContents.zoomFactor,
    )
    const { scrollWidth, clientWidth } = await desktop.page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement
      return { scrollWidth, clientWidth }
    })
    return { wide: scrollWidth, shown: clientWidth, zoom }
  }

  test('without its key ring stored passwords are locked, until the passphrase is typed', async () => {
    const panel = await openSecrets()
    await panel.getByText('Stored passwords are locked').waitFor()
    await panel.getByLabel('Passphrase').fill('something else')
    await panel.getByRole('button', { name: 'Unlock' }).click()
    await panel.getByText('secret.wrong-passphrase').waitFor()
    await panel.getByLabel('Passphrase').fill(passphrase)
    await panel.getByRole('button', { name: 'Unlock' }).click()
    await panel.getByText('Key file', { exact: true }).click()
    await panel.getByRole('button', { name: 'Keep the key this way' }).click()
    await panel.getByText('They are sealed with the key in keyferry.key.').waitFor()
    expect(await readFile(join(home, 'keyferry.key'))).toHaveLength(32)
  })

  async function openSecrets(): Promise<Locator> {
    await desktop.page.getByRole('link', { name: 'Settings', exact: true }).click()
    const panel = desktop.page.getByRole('main').locator('section').filter({ hasText: 'Stored passwords' })
    await panel.getByText('They are sealed').or(panel.getByText('are locked')).first().waitFor()
    return panel
  }

  test('makes a profile of a file that is opened with it', async () => {
    const { page, app } = desktop
    const file = join(home, 'plan.keyferry')
    const source = { host: 'old.example', port: 6379 }
    const plan = { format: 'keyferry-profile', formatVersion: 1, name: 'From a file', options: {} }
    await writeFile(file, JSON.stringify({ ...plan, source, target: null }))
    const args = [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), projectRoot, file]
    const display = await app.evaluate(() => process.env['DISPLAY'] ?? '')
    const second = execFile(electron ?? '', args, {
      env: { ...process.env, DISPLAY: display, KEYFERRY_HOME: home },
    })
    await once(second, 'exit')

    await page.waitForURL(/#\/profiles\/[^/]+\/source$/)
    await expect.poll(() => page.getByLabel('Host').first().inputValue()).toBe('old.example')
  })
})

/** In a page: hands a port over as the console does, and asks the host what it can do; `nothing` if it never answers. */
function askOverPort(waitMs: number): Promise<string> {
  const { port1, port2 } = new MessageChannel()
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(String(data))
    setTimeout(() => resolve('nothing'), waitMs)
    window.postMessage('keyferry:connect', '*', [port2])
    port1.postMessage('{"i":"1","p":{"u":"/host/capabilities"}}')
  })
}
