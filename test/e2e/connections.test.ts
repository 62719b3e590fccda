import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '#store/open.ts'
import { openConsole } from '../support/browser.ts'
import { startRedis } from '../support/redis-server.ts'
import * as walk from '../support/restore-walk.ts'
import { freePort } from '../support/free-port.ts'
import { startServed } from '../support/serve.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'

const password = 'a secret that no window is told'

const host = consoleForAllTests()

test('a connection is kept once and used in a migration and a restore; its password never comes back', async () => {
  await using server = await startRedis({ password })
  await using console = await host.open()
  const { page } = console
  const main = page.getByRole('main')
  const received: string[] = []
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => received.push(String(payload))),
  )
  await page.reload()

  await page.getByRole('link', { name: 'Connections', exact: true }).click()
  await main.getByRole('link', { name: 'New connection' }).first().click()
  await main.getByRole('button', { name: 'Save', exact: true }).click()
  await main.getByText('Give the connection a name').first().waitFor()
  await main.getByLabel('Name', { exact: true }).fill('Shop')
  await main.getByLabel('Host', { exact: true }).fill('127.0.0.1')
  await main.getByLabel('Port', { exact: true }).fill(String(server.port))
  await main.getByLabel('Password', { exact: true }).fill(password)
  await main.getByRole('button', { name: 'Save and test' }).click()
  await main.getByText('Connected to').waitFor()
  await main.getByText('Stored sealed').waitFor()
  await main.getByRole('button', { name: 'Save', exact: true }).click()
  const row = main.getByRole('row', { name: 'Shop' })
  await expect.poll(() => row.innerText()).toMatch(/Redis \d/)
  await row.getByText('no profile').waitFor()

  // As many as do not fit the eye are searched.
  for (let many = 3; many <= 9; many += 1) {
    await main.getByRole('button', { name: 'Copy Shop', exact: true }).click()
    await expect.poll(() => main.getByRole('row').count()).toBe(many)
  }
  const search = main.getByRole('searchbox', { name: 'Search by name or address' })
  await search.fill('nowhere')
  await main.getByText('No connection matches.').waitFor()
  await search.fill('COPY')
  await expect.poll(() => main.getByRole('row').count()).toBe(8)
  for (let left = 8; left > 1; left -= 1) {
    await main
      .getByRole('button', { name: /^Remove / })
      .first()
      .click()
    await page.getByRole('button', { name: 'Remove the connection' }).click()
    await expect.poll(() => main.getByRole('row', { name: 'copy' }).count()).toBe(left - 2)
  }

  await page.goto(`${host.served.origin}/#/profiles/new/source`)
  await main.getByLabel('Name of the migration').fill('Night move')
  await main.getByLabel('A saved connection').selectOption({ label: `Shop · 127.0.0.1:${server.port}` })
  expect(await main.getByLabel('Port', { exact: true }).inputValue()).toBe(String(server.port))
  await main.getByRole('button', { name: 'Test connection' }).click()
  await main.getByText('Connected to').waitFor()
  await main.getByRole('button', { name: 'Next: Target' }).click()
  await page.getByRole('heading', { name: 'Where shall it go?' }).waitFor()
  await page.getByRole('link', { name: 'Close', exact: true }).click()
  await main.getByRole('row', { name: 'Night move' }).getByRole('link', { name: 'Open' }).click()
  await main.getByText('Stored sealed').waitFor()
  await main.getByLabel('Host', { exact: true }).fill('elsewhere')
  await main.getByLabel('Password', { exact: true }).waitFor()
  await main.getByLabel('Host', { exact: true }).fill('127.0.0.1')
  await main.getByText('Stored sealed').waitFor()
  await main.getByRole('button', { name: 'Test connection' }).click()
  await main.getByText('Connected to').waitFor()

  await page.goto(`${host.served.origin}/#/connections`)
  await row.getByRole('link', { name: 'Night move' }).waitFor()
  await row.getByRole('button', { name: 'Copy Shop' }).click()
  await main
    .getByRole('row', { name: 'Shop (copy)' })
    .getByRole('button', { name: 'Remove Shop (copy)' })
    .click()
  await page.getByRole('button', { name: 'Remove the connection' }).click()
  await expect.poll(() => main.getByRole('row').count()).toBe(2)

  await server.call('SET', 'a', '1')
  await server.call('SAVE')
  await server.call('FLUSHALL')
  await walk.openWizard(page)
  await walk.readFileAt(page, join(server.dir, 'dump.rdb'))
  await walk.next(page, 'Target')
  await main.getByLabel('A saved connection').selectOption({ label: `Shop · 127.0.0.1:${server.port}` })
  await walk.testConnection(page)
  await walk.next(page, 'Scope')
  await walk.next(page, 'Options')
  await walk.next(page, 'Review')
  await walk.start(page)
  await main.getByText('The whole file is in the target').waitFor()
  expect(await server.call('GET', 'a')).toBe('1')

  const told = received.join('\n') + (await page.content())
  expect(told).toContain('"passwordKept":"stored"')
  expect(told).not.toContain(password)
  expect(console.complaints).toEqual([])
})

test('a list that cannot be had is not taken for an empty one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-connections-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  {
    using store = openStore(join(folder, 'keyferry.db'))
    const row = { secret: null, lastTest: null, createdAt: 1, updatedAt: 1 }
    store.connections.put({ id: 'c', name: 'Shop', body: '{}', ...row })
  }
  await using served = await startServed(0, folder)
  await using console = await openConsole(host.browser, served)
  const main = console.page.getByRole('main')
  await console.page.goto(`${served.origin}/#/connections`)
  await main.getByRole('alert').getByText('internal.unexpected').waitFor()
  expect(await main.getByText('No connections yet').count()).toBe(0)
})

test('what is set holds for every console: limits of a new restore, and the feed that is asked', async () => {
  const feed = createServer((_request, response) => response.end('{"version":"9.9.9"}'))
  feed.listen(0, '127.0.0.1')
  await once(feed, 'listening')
  {
    await using console = await host.open()
    const { page } = console
    const main = page.getByRole('main')
    await page.getByRole('link', { name: 'Settings' }).click()
    await main.getByText(host.served.home).waitFor()
    await main
      .getByText(/keyferry\.key/)
      .first()
      .waitFor()
    await main.getByText('client-output-buffer-limit').waitFor()
    await main.getByLabel('Keys per second').fill('750')
    await main.getByLabel('Update feed').fill('no address')
    await main.getByRole('button', { name: 'Save' }).click()
    await main.getByText('This is no http or https address').waitFor()
    // What it told, or did not tell, stands where it was asked.
    await main.getByLabel('Update feed').fill(`http://127.0.0.1:${await freePort()}/`)
    await main.getByRole('button', { name: 'Ask now' }).click()
    const untold = main.getByRole('region', { name: 'Updates' }).getByRole('alert')
    await untold.getByText('update.unreadable').waitFor()
    expect(await untold.evaluate((notice) => notice.getBoundingClientRect().top < innerHeight)).toBe(true)
    await main.getByLabel('Update feed').fill(`http://127.0.0.1:${(feed.address() as AddressInfo).port}/`)
    await main.getByRole('button', { name: 'Ask now' }).click()
    await main.getByText(/^Version 9\.9\.9 is there/).waitFor()
    await main.getByText('한국어').click()
    await page.getByRole('heading', { name: '설정', level: 1 }).waitFor()
    await main.getByText('어둡게').click()
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
    expect(console.complaints).toEqual([])
  }
  await using other = await host.open()
  await other.page.goto(`${host.served.origin}/#/settings`)
  await expect.poll(() => other.page.getByLabel('Keys per second').inputValue()).toBe('750')
  feed.close()
  feed.closeAllConnections()
})
