import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConsolePage } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import * as walk from '../support/restore-walk.ts'
import { startServed, type Served } from '../support/serve.ts'
import { browserForAllTests } from '../support/shared-browser.ts'

/** A restore whose host was killed: what was chosen is found again, and one press goes on; only the password is asked for. */

const users = 20_000
const password = 'only-in-a-head'

const shared = browserForAllTests()
let source: RedisServer
let target: RedisServer
let folder: string
let served: Served
let console_: ConsolePage
let page: Page

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-interrupted-'))
  ;[source, target] = await Promise.all([
    startRedis({ args: ['--dbfilename', 'dump.rdb'] }),
    startRedis({ args: ['--requirepass', password], password }),
  ])
  await source.call('DEBUG', 'POPULATE', users, 'user', 20)
  await source.call('MSET', 'tmp:1', 'x', 'tmp:2', 'y')
  await source.call('SELECT', 3)
  await source.call('RPUSH', 'order:1', 'a', 'b')
  await source.call('SADD', 'order:tags', 'new')
  await source.call('SET', 'order:note', 'by hand', 'EX', 1_000)
  await source.call('SAVE')
  await begin()
}, 60_000)

afterAll(async () => {
  await end()
  await Promise.all([source.stop(), target.stop()])
  await rm(folder, { recursive: true, force: true })
})

async function begin(): Promise<void> {
  served = await startServed(0, join(folder, 'home'))
  console_ = await shared.open(served)
  page = console_.page
}

async function end(): Promise<void> {
  await console_[Symbol.asyncDispose]()
  await served[Symbol.asyncDispose]()
}

const main = (): Locator => page.getByRole('main')
const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click()
const says = (text: string | RegExp): Promise<void> => main().getByText(text).first().waitFor()
const file = (): string => join(source.dir, 'dump.rdb')
const kept = async (): Promise<string> => {
  const journals = join(folder, 'home', 'restores')
  const names = await readdir(journals)
  return (await Promise.all(names.map((name) => readFile(join(journals, name), 'utf8')))).join('')
}

/** The target as a saved connection that tells by what it is reached. */
async function keepConnection(): Promise<void> {
  await page.goto(`${served.origin}/#/connections/new`)
  await page.getByLabel('Name', { exact: true }).fill('Shop')
  await page.getByLabel('Host', { exact: true }).fill('127.0.0.1')
  await page.getByLabel('Port', { exact: true }).fill(String(target.port))
  await page.getByLabel('Kind of access').selectOption('vpn')
  await press('Save')
  await main().getByRole('row', { name: 'Shop' }).waitFor()
}

/** Opens what was cut short, from the list of restores. */
async function goOnFromList(): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name: 'Restores' }).click()
  await press('Go on…')
}

test('killed in the middle, it is opened as it was, asks for the password alone, and goes on to the end', async () => {
  await walk.openWizard(page)
  await walk.readFileAt(page, file())
  await walk.next(page, 'Target')
  await walk.enterTarget(page, { port: target.port, password })
  await walk.testConnection(page)
  await walk.next(page, 'Scope')
  await page.getByRole('checkbox', { name: /^set/ }).uncheck()
  await page.getByLabel('Leave these out').fill('tmp:*')
  await page.getByLabel('Prefix to put before').fill('new:')
  await page.getByLabel('Prefix by database').fill('3:d3:')
  await page.getByText('All into one', { exact: true }).click()
  await page.getByText('Set anew', { exact: true }).click()
  await page.getByLabel('How long').fill('36')
  await walk.next(page, 'Options')
  await page.getByText('Overwrite', { exact: true }).click()
  await page.getByLabel('Keys per second').fill('2000')
  await walk.next(page, 'Review')
  await walk.start(page)
  await says('Held back by the limit on keys.')
  await expect.poll(() => target.call('DBSIZE'), { timeout: 20_000 }).toBeGreaterThan(500)
  await served.kill9()
  await console_[Symbol.asyncDispose]()
  expect(await kept()).not.toContain(password)

  await begin()
  await goOnFromList()
  await walk.heading(page, 'Where shall it go?')
  await says('Everything is as it was; only its secrets are to be typed again')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await walk.next(page, 'Scope')
  expect(await page.getByRole('checkbox', { name: /^set/ }).isChecked()).toBe(false)
  expect(await page.getByLabel('Leave these out').inputValue()).toBe('tmp:*')
  expect(await page.getByLabel('How long').inputValue()).toBe('36')
  await walk.next(page, 'Options')
  expect(await page.getByLabel('Keys per second').inputValue()).toBe('2000')
  await walk.next(page, 'Review')
  await says(/It goes on where it stopped, at \d+/)
  await press('Go on with it')
  await says(/Gone on with where an earlier run had stopped/)
  await press('Limits…')
  await page.getByRole('dialog').getByLabel('Keys per second').fill('')
  await press('Set the limits')
  await says('The whole file is in the target')

  expect(await target.call('DBSIZE')).toBe(users + 2)
  expect(await target.call('LRANGE', 'new:d3:order:1', 0, -1)).toEqual(['a', 'b'])
  expect(Number(await target.call('TTL', 'new:d3:order:note'))).toBeGreaterThan(120_000)
  expect(await target.call('EXISTS', 'new:tmp:1', 'new:d3:order:tags')).toBe(0)
  expect(await kept()).toBe('')
  expect(console_.complaints).toEqual([])
}, 90_000)

test('other choices, and another file, are told to begin anew; what is forgotten is gone from the list', async () => {
  await target.call('FLUSHALL')
  await keepConnection()
  await walk.openWizard(page)
  await walk.readFileAt(page, file())
  await walk.next(page, 'Target')
  await page.getByLabel('A saved connection').selectOption({ label: `Shop · 127.0.0.1:${target.port}` })
  await page.getByLabel('Password', { exact: true }).fill(password)
  await walk.testConnection(page)
  await walk.next(page, 'Scope')
  await walk.next(page, 'Options')
  await page.getByLabel('Keys per second').fill('500')
  await walk.next(page, 'Review')
  await walk.start(page)
  await says('Held back by the limit on keys.')
  await press('Stop…')
  await press('Stop the restore')
  await says('Stopped by a person')
  const stopped = page.url()

  // It is listed once, where it can be gone on with, and leads to the page that tells how it ended.
  await page.getByRole('navigation').getByRole('link', { name: 'Restores' }).click()
  const row = main()
    .getByRole('row')
    .filter({ has: page.getByRole('button', { name: 'Go on…' }) })
  await row.getByText('Stopped', { exact: true }).waitFor()
  const ended = main().getByRole('region', { name: 'Ended' })
  await expect.poll(() => ended.getByRole('row', { name: /Stopped/ }).count()).toBe(0)
  await row.getByRole('link', { name: 'dump.rdb' }).click()
  await says('Stopped by a person')
  expect(page.url()).toBe(stopped)

  await goOnFromList()
  await page.getByLabel('Password', { exact: true }).fill(password)
  // What the connection told of the way to its server is still known.
  await page.getByLabel('Port', { exact: true }).fill(String(await freePort()))
  await walk.testConnection(page)
  await says('It is reached over a VPN')
  await page.getByLabel('Port', { exact: true }).fill(String(target.port))
  await walk.next(page, 'Scope')
  await page.getByLabel('Leave these out').fill('tmp:*')
  await walk.next(page, 'Options')
  await walk.next(page, 'Review')
  await says('The choices are no longer those it was interrupted with.')
  expect(await page.getByRole('button', { name: 'Start the restore' }).count()).toBe(1)

  await appendFile(file(), 'x')
  await page.getByRole('link', { name: 'Close', exact: true }).click()
  await page.reload()
  await says(`Changed since, or gone: ${file()}`)
  await press('Forget dump.rdb')
  await page.getByRole('alertdialog').getByRole('button', { name: 'Forget it' }).click()
  await main().getByText('Interrupted').waitFor({ state: 'detached' })
  // It ended all the same, and is listed as that now.
  await ended.getByRole('row', { name: /Stopped/ }).waitFor()
  expect(await kept()).toBe('')
}, 90_000)
