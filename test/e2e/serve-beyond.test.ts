import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { walkMigration } from '../support/migration-walk.ts'
import { runCli } from '../support/run-cli.ts'
import { startServed } from '../support/serve.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'
import { makeTlsFiles, type TlsFiles } from '../support/tls-files.ts'

let folder: string
let tls: TlsFiles

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-tls-'))
  tls = makeTlsFiles(folder, { names: ['DNS:localhost', 'DNS:*.jump.example', 'IP:127.0.0.1'] })
})

afterAll(async () => {
  rmSync(folder, { recursive: true })
})

const host = consoleForAllTests(() =>
  startServed(0, undefined, ['--host', '0.0.0.0', '--tls-cert', tls.cert, '--tls-key', tls.key]),
)

test('beyond this machine nothing is served without a certificate, or with one that is none', async () => {
  const serve = (...flags: string[]): ReturnType<typeof runCli> =>
    runCli(['serve', ...flags], { built: true, env: { KEYFERRY_HOME: folder } })
  const [plain, half, wrong] = await Promise.all([
    serve('--host', '0.0.0.0'),
    serve('--tls-cert', tls.cert),
    serve('--host', '0.0.0.0', '--tls-cert', tls.cert, '--tls-key', tls.clientKey),
  ])

  expect(plain.stderr).toContain('(serve.tls-needed)')
  expect(half.stderr).toContain('(usage.invalid)')
  expect(wrong.stderr).toContain('(serve.tls-unusable)')
  expect([plain, half, wrong].map(({ code }) => code)).not.toContain(0)
})

async function ask(headers: Record<string, string>, method = 'GET', path = '/'): Promise<IncomingMessage> {
  const ca = readFileSync(tls.ca)
  // Whom we ask is for the `Host` to say.
  const checkServerIdentity = (): undefined => undefined
  const request = tlsRequest({
    host: '127.0.0.1',
    port: host.served.port,
    path,
    method,
    headers,
    ca,
    checkServerIdentity,
  })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  return response
}

test('it answers to the names of its certificate and to plain addresses, and to no other name', async () => {
  const at = (name: string): string => `${name}:${host.served.port}`
  const statuses = async (names: readonly string[]): Promise<readonly unknown[]> =>
    Promise.all(names.map(async (name) => (await ask({ host: at(name) })).statusCode))

  expect(host.served.origin).toBe(`https://${at('localhost')}`)
  expect(await statuses(['localhost', 'a.jump.example', '127.0.0.1', '10.1.2.3', '[::1]'])).toEqual(
    Array(5).fill(401),
  )
  expect(await statuses(['evil.example', 'jump.example.evil', 'a.b.jump.example'])).toEqual(
    Array(3).fill(421),
  )
})

test('a session comes from TLS alone: its cookie is for nothing else, and so is the socket', async () => {
  const { search } = new URL(await host.served.invite())
  const { headers } = await ask({ host: `localhost:${host.served.port}` }, 'GET', `/${search}`)
  const cookie = headers['set-cookie']?.[0] ?? ''
  expect(cookie).toMatch(/; Secure$/)

  const open = (origin: string): Promise<string> => {
    const socket = new WebSocket(`wss://localhost:${host.served.port}/rpc`, {
      ca: readFileSync(tls.ca),
      headers: { origin, cookie: cookie.split(';')[0] },
    })
    return new Promise((resolve) => {
      socket.on('open', () => {
        resolve('open')
        socket.terminate()
      })
      socket.on('unexpected-response', (_request, response) => resolve(String(response.statusCode)))
      socket.on('error', (error) => resolve(error.message))
    })
  }
  expect(await open(host.served.origin)).toBe('open')
  expect(await open(host.served.origin.replace('https', 'http'))).toBe('403')
  expect(await open('https://evil.example')).toBe('403')
  // Nobody else's page can sign the browser out either.
  const foreign = { cookie, host: `localhost:${host.served.port}`, origin: 'https://evil.example' }
  expect((await ask(foreign, 'DELETE', '/session')).statusCode).toBe(403)
})

const ended = (page: Page): Promise<void> =>
  page.getByRole('alert').filter({ hasText: 'This browser’s session has ended' }).waitFor()

test('a browser signs out, signs in again, and the page goes on with what was typed in it', async () => {
  await using console = await host.open({ ignoreHTTPSErrors: true })
  await using other = await host.open({ ignoreHTTPSErrors: true })
  const { page, context } = console
  await walkMigration(page).openWizard()
  await page.getByLabel('Host', { exact: true }).fill('old.example')

  await other.page.getByRole('link', { name: 'Settings', exact: true }).click()
  await other.page.getByRole('button', { name: 'Sign all browsers out' }).click()
  await Promise.all([ended(page), ended(other.page)])

  const again = await context.newPage()
  await again.goto(await host.served.invite())
  await again.waitForURL((url) => url.search === '')
  await page.getByRole('alert').filter({ hasText: 'session has ended' }).waitFor({ state: 'detached' })
  expect(await page.getByLabel('Host', { exact: true }).inputValue()).toBe('old.example')
  await page.evaluate(() => (location.hash = '#/profiles'))
  await page.getByText('No profiles yet').waitFor()

  // The other browser was not meant. What it is told stands above the page, not over what can be pressed.
  await ended(other.page)
  await other.page.getByRole('button', { name: 'Save', exact: true }).click({ trial: true })
  await page.getByRole('link', { name: 'Settings', exact: true }).click()
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await Promise.all([ended(page), ended(again)])
})

test('whoever sits at the terminal signs all out', async () => {
  await using console = await host.open({ ignoreHTTPSErrors: true })
  const address = await host.served.type('out')
  await ended(console.page)
  await console.page.goto(address)
  await console.page.getByRole('heading', { level: 1 }).waitFor()
})
