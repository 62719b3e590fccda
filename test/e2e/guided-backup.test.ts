import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { findings } from '../support/axe.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startRedis } from '../support/redis-server.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'
import { compareAll } from '../support/sync-ends.ts'

const secrets = { source: 'old secret of the source', target: 'the target’s own' }

const host = consoleForAllTests()

/** One step of the guided list, when it is the one that stands. */
const now = (page: Page, name: string): Locator =>
  page
    .getByRole('listitem')
    .filter({ has: page.getByRole('heading', { name, exact: true }) })
    .and(page.locator('[aria-current="step"]'))

/** As a browser does with a page that goes behind another one, or comes to the front. */
const setHidden = (page: Page, hidden: boolean): Promise<void> =>
  page.evaluate((is) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: is })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)

test('a move by backup: guided from freeze to the new address, closed on the way, seen from two consoles', async () => {
  await using source = await startRedis({ password: secrets.source })
  await using target = await startRedis({ password: secrets.target })
  await fillWithEveryType(source)
  await using first = await host.open()
  const { page } = first
  const main = page.getByRole('main')
  const received: string[] = []
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => received.push(String(payload))),
  )
  await page.reload()

  await page.getByRole('link', { name: 'Restores', exact: true }).click()
  await main.getByRole('link', { name: 'Move by backup, step by step' }).click()
  await main.getByRole('button', { name: 'Look at both sides' }).click()
  // Two fields of one name: which is which is said.
  const missing = main.getByRole('group', { name: 'Before going on' })
  await missing
    .getByRole('button', { name: 'From this server: Name the server’s host or IP address' })
    .click()
  const unnamed = missing.getByRole('button', { name: 'Into this server: Name the server’s host' })
  await unnamed.waitFor()
  for (const [side, server] of Object.entries({ source, target })) {
    const form = main.getByRole('region', {
      name: side === 'source' ? 'From this server' : 'Into this server',
    })
    await form.getByLabel('Host', { exact: true }).fill('127.0.0.1')
    await form.getByLabel('Port', { exact: true }).fill(String(server.port))
    await form.getByLabel('Password', { exact: true }).fill(secrets[side as keyof typeof secrets])
  }
  await main.getByLabel('Folder for the backup').fill(join(host.served.home, 'backups'))
  await target.call('SET', 'somebody', 'else')
  await main.getByRole('button', { name: 'Look at both sides' }).click()
  await main
    .getByText('Take them out of the target and try again, or begin anew with an empty one.')
    .waitFor()
  await target.call('DEL', 'somebody')
  await main.getByRole('button', { name: 'Try again' }).click()

  await now(page, 'Freeze writes on the source').waitFor()
  expect(await findings(page)).toEqual([])
  const address = page.url()
  // Two consoles stand at the same step, and both press it.
  await using second = await host.open()
  const toldSecond: string[] = []
  second.page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => toldSecond.push(String(payload))),
  )
  await second.page.goto(address)
  await second.page.reload()
  for (const one of [page, second.page]) {
    await one.getByRole('button', { name: 'Freeze writes…' }).click()
    await one.getByRole('alertdialog').getByRole('textbox').fill(`127.0.0.1:${source.port}`)
  }
  await Promise.all(
    [page, second.page].map((one) =>
      one.getByRole('alertdialog').getByRole('button', { name: 'Freeze writes now' }).click(),
    ),
  )
  for (const one of [page, second.page]) {
    await now(one, 'Restore it into the target').waitFor({ timeout: 30_000 })
    expect(await one.getByRole('main').getByRole('alert').count()).toBe(0)
  }

  await setHidden(second.page, true)

  // The console is closed, and the page opened again later.
  await page.goto('about:blank')
  await page.goto(`${host.served.origin}/#/restores`)
  await main.getByRole('link', { name: 'Move by backup', exact: true }).click()
  await main.getByRole('button', { name: 'Restore now' }).click()
  const last = now(page, 'Point applications to the target')
  await last.waitFor({ timeout: 30_000 })
  // What was pressed is gone: the keyboard goes on at the step that stands.
  await expect.poll(() => last.evaluate((leg) => leg === document.activeElement)).toBe(true)
  // A page that nobody looked at meanwhile was told nothing, and catches up.
  const atEnd = (text: string): boolean => text.includes('"step":"hand-over"')
  expect(toldSecond.filter(atEnd)).toEqual([])
  await setHidden(second.page, false)
  await now(second.page, 'Point applications to the target').waitFor()
  expect(toldSecond.filter(atEnd)).not.toEqual([])
  await main.getByText(`127.0.0.1:${target.port}`, { exact: true }).waitFor()
  const sides = main.getByRole('region', { name: 'Both sides' })
  expect(await sides.getByRole('row', { name: 'Used memory' }).innerText()).toMatch(/[KM]iB.*[KM]iB/s)
  await main.getByRole('button', { name: 'Done, unfreeze the source' }).click()
  await second.page.getByText('The move is finished.').waitFor()
  await second.page.getByText(`127.0.0.1:${source.port} takes writes again.`).waitFor()
  expect(await compareAll(source, target, secrets)).toMatchObject({ equal: true })

  await main.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.waitForURL(/#\/restores$/)
  for (const secret of Object.values(secrets)) expect(received.join('\n')).not.toContain(secret)
  expect([...first.complaints, ...second.complaints]).toEqual([])
})
