import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { walkMigration } from '../support/migration-walk.ts'
import { startRedis } from '../support/redis-server.ts'
import * as walk from '../support/restore-walk.ts'
import { runCli } from '../support/run-cli.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'

/** What is done in one console is seen in every other one, without being asked for, and takes nothing from anybody's hands. */

const password = 'the same for both'

const host = consoleForAllTests()

const at = (page: Page, place: string): Promise<unknown> => page.goto(`${host.served.origin}/#/${place}`)
const main = (page: Page): Locator => page.getByRole('main')
const row = (page: Page, name: string): Locator => main(page).getByRole('row', { name })
const sidebar = (page: Page): Locator => page.getByRole('complementary')
const says = (page: Page, text: string | RegExp): Promise<void> =>
  main(page).getByText(text).first().waitFor()
const gone = (what: Locator): Promise<void> => what.first().waitFor({ state: 'detached' })
const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click()
const dialog = (page: Page, name: string): Locator => page.getByRole('alertdialog', { name })

/** What a page asks the host for, by the name of the procedure, and how often it is told something. */
function listenTo(page: Page): { calls: (procedure: string) => number; told: () => number } {
  const calls: string[] = []
  let told = 0
  page.on('websocket', (socket) => {
    socket.on('framereceived', () => (told += 1))
    socket.on('framesent', ({ payload }) => {
      const { p: call } = JSON.parse(payload.toString()) as { readonly p?: { readonly u: string } }
      if (call !== undefined) calls.push(call.u)
    })
  })
  return { calls: (procedure) => calls.filter((called) => called === procedure).length, told: () => told }
}

async function hide(page: Page, is: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: hidden })
    document.dispatchEvent(new Event('visibilitychange'))
  }, is)
}

/** A profile, as a file that is imported. */
const plan = (name: string, source = '127.0.0.1', updated = {}) => ({
  name: `${name}.keyferry`,
  mimeType: 'application/json',
  buffer: Buffer.from(
    JSON.stringify({
      format: 'keyferry-profile',
      formatVersion: 1,
      name,
      source: { host: source, port: 6379 },
      target: { host: 'target.example', port: 6379 },
      options: updated,
    }),
  ),
})

test('a restore begun in one console is seen, held, compared and begun again in any other', async () => {
  await using source = await startRedis()
  await using target = await startRedis()
  await source.call('DEBUG', 'POPULATE', 20_000, 'key', 20)
  await source.call('SAVE')
  await using one = await host.open()
  await using other = await host.open()
  await using late = await host.open()
  await at(other.page, 'restores')
  await says(other.page, 'No restores yet')
  await at(late.page, '')
  const told = listenTo(late.page)
  await late.page.reload()

  await walk.openWizard(one.page)
  await walk.readFileAt(one.page, join(source.dir, 'dump.rdb'))
  await walk.next(one.page, 'Target')
  await walk.enterTarget(one.page, { port: target.port })
  await walk.testConnection(one.page)
  await walk.next(one.page, 'Scope')
  await walk.next(one.page, 'Options')
  await one.page.getByLabel('Keys per second').fill('500')
  await walk.next(one.page, 'Review')
  await walk.start(one.page)
  await says(one.page, 'Held back by the limit on keys.')
  const address = one.page.url()

  // Whatever page another console is on: it stands beside it, and leads there.
  await row(other.page, 'dump.rdb').first().waitFor()
  await sidebar(late.page).getByText('Under way').waitFor()
  await sidebar(late.page)
    .getByRole('link', { name: /dump\.rdb/ })
    .click()
  expect(late.page.url()).toBe(address)
  await says(late.page, 'Held back by the limit on keys.')
  await late.page.reload()
  await says(late.page, 'Held back by the limit on keys.')
  // A window that nobody looks at is told nothing, and all that it missed once somebody does.
  await hide(late.page, true)

  await one.page.getByRole('button', { name: 'Pause', exact: true }).click()
  await row(other.page, 'Paused').first().waitFor()
  const before = told.told()
  await other.page.getByRole('link', { name: 'dump.rdb' }).first().click()
  await press(other.page, 'Go on')
  await one.page.getByRole('button', { name: 'Pause', exact: true }).waitFor()
  await press(other.page, 'Stop…')
  await press(other.page, 'Stop the restore')
  await says(one.page, 'Stopped by a person')
  await late.page.waitForTimeout(1_500)
  expect(told.told()).toBe(before)
  await hide(late.page, false)
  await says(late.page, 'Stopped by a person')

  // It is interrupted for all, and no longer once one of them goes on with it.
  await at(other.page, 'restores')
  await says(other.page, 'Interrupted')
  await press(one.page, 'Go on with it')
  await gone(main(other.page).getByText('Interrupted', { exact: true }))
  await sidebar(other.page)
    .getByRole('link', { name: /dump\.rdb/ })
    .click()
  await press(other.page, 'Limits…')
  await other.page.getByRole('dialog').getByLabel('Keys per second').fill('')
  await press(other.page, 'Set the limits')
  await says(one.page, 'The whole file is in the target')
  await says(other.page, 'The whole file is in the target')

  await press(one.page, 'Compare')
  await says(other.page, 'The target holds what the file holds')
  await target.call('SET', 'key:1', 'another value')
  await press(other.page, 'Compare again')
  await says(one.page, '1 key differs')
  await at(late.page, 'restores')
  await expect.poll(() => row(late.page, 'dump.rdb').count()).toBe(2)
  expect([...one.complaints, ...other.complaints, ...late.complaints]).toEqual([])
}, 120_000)

test('lists under names are told of what others keep and remove, and only those that are shown are asked for', async () => {
  await using one = await host.open()
  await using other = await host.open()
  await using third = await host.open()
  await at(one.page, 'profiles')
  await at(other.page, 'profiles')
  await says(other.page, 'No profiles yet')
  const third_ = listenTo(third.page)
  await third.page.reload()
  await at(third.page, 'connections')
  await says(third.page, 'No connections yet')

  const chooser = main(one.page).locator('input[type=file]')
  await chooser.setInputFiles([plan('Day move'), plan('Night move')])
  await row(other.page, 'Day move').waitFor()
  await row(other.page, 'Night move').waitFor()
  await row(other.page, 'Day move').getByRole('button', { name: 'Remove Day move' }).click()
  await press(other.page, 'Remove the profile')
  await gone(row(one.page, 'Day move'))
  expect(third_.calls('/profiles/list')).toBe(0)

  // A connection tells which profiles use it: that changes with them.
  await at(one.page, 'connections/new')
  await one.page.getByLabel('Name', { exact: true }).fill('Shop')
  await one.page.getByLabel('Host', { exact: true }).fill('127.0.0.1')
  await press(one.page, 'Save')
  await row(third.page, 'Shop').getByRole('link', { name: 'Night move' }).waitFor()
  await row(other.page, 'Night move').getByRole('button', { name: 'Remove Night move' }).click()
  await press(other.page, 'Remove the profile')
  await row(third.page, 'Shop').getByText('no profile').waitFor()

  // Another process is one more console.
  const file = join(host.served.home, 'plan.keyferry')
  await writeFile(file, plan('By hand').buffer)
  const imported = await runCli(['profiles', 'import', file], { env: { KEYFERRY_HOME: host.served.home } })
  expect(imported.code).toBe(0)
  await row(other.page, 'By hand').waitFor()

  expect([...one.complaints, ...other.complaints, ...third.complaints]).toEqual([])
}, 90_000)

test('a connection that is open in a form: untouched it follows, edited it stays, and a removal is said', async () => {
  await using one = await host.open()
  await using other = await host.open()
  const name = (page: Page): Locator => page.getByLabel('Name', { exact: true })
  const port = (page: Page): Locator => page.getByLabel('Port', { exact: true })
  await at(one.page, 'connections/new')
  await name(one.page).fill('Till')
  await one.page.getByLabel('Host', { exact: true }).fill('till.example')
  await one.page.getByLabel('Password', { exact: true }).fill('of the till')
  await press(one.page, 'Save')
  for (const { page } of [one, other]) {
    await at(page, 'connections')
    await row(page, 'Till').getByRole('link', { name: 'Open' }).click()
    await expect.poll(() => name(page).inputValue()).toBe('Till')
  }

  await port(one.page).fill('6380')
  await press(one.page, 'Save')
  await expect.poll(() => port(other.page).inputValue()).toBe('6380')

  await row(one.page, 'Till').getByRole('link', { name: 'Open' }).click()
  await port(other.page).fill('6390')
  await port(one.page).fill('6381')
  await press(one.page, 'Save')
  await row(one.page, 'Till').getByText('6381').waitFor()
  await other.page.waitForTimeout(1_500)
  expect(await port(other.page).inputValue()).toBe('6390')
  await press(other.page, 'Save')
  const conflict = dialog(other.page, 'Somebody else has changed this connection')
  await conflict.getByRole('button', { name: 'Drop mine, show the newer one' }).click()
  await expect.poll(() => port(other.page).inputValue()).toBe('6381')
  await port(other.page).fill('6390')
  await row(one.page, 'Till').getByRole('link', { name: 'Open' }).click()
  await port(one.page).fill('6382')
  await press(one.page, 'Save')
  await press(other.page, 'Save')
  await conflict.getByRole('button', { name: 'Keep mine as a copy' }).click()
  await row(other.page, 'Till (copy)').getByText('6390').waitFor()
  await row(one.page, 'Till (copy)').waitFor()

  const open = (): Promise<void> => row(other.page, 'Till (copy)').getByRole('link', { name: 'Open' }).click()
  await open()
  await other.page.getByLabel('Password', { exact: true }).fill('of the other till')
  await press(other.page, 'Save')
  await open()
  await says(other.page, 'Stored sealed')
  await other.page.getByLabel('Kind of access').selectOption('vpn')
  await row(one.page, 'Till (copy)').getByRole('button', { name: 'Remove Till (copy)' }).click()
  await press(one.page, 'Remove the connection')
  const removed = dialog(other.page, 'Removed by somebody else')
  await removed.getByText('Till (copy)').waitFor()
  await removed.getByRole('button', { name: 'Make a new one of it' }).click()
  // What is typed stands still; what only the host knew is to be typed again.
  expect(await port(other.page).inputValue()).toBe('6390')
  await press(other.page, 'Save')
  await says(other.page, 'Type it again')
  await other.page.getByLabel('Password', { exact: true }).fill('once more')
  await press(other.page, 'Save')
  await row(one.page, 'Till (copy)').getByText('6390').waitFor()
  expect([...one.complaints, ...other.complaints]).toEqual([])
}, 90_000)

test('a plan that is open in the wizard: untouched it follows, edited it stays, and a removal is said', async () => {
  await using one = await host.open()
  await using other = await host.open()
  const name = (page: Page): Locator => page.getByLabel('Name of the migration')
  await at(one.page, 'profiles')
  await main(one.page)
    .locator('input[type=file]')
    .setInputFiles([plan('Dawn move')])
  for (const { page } of [one, other]) {
    await at(page, 'profiles')
    await row(page, 'Dawn move').getByRole('link', { name: 'Open' }).click()
    await expect.poll(() => name(page).inputValue()).toBe('Dawn move')
  }
  await name(one.page).fill('Dusk move')
  await one.page.getByRole('button', { name: 'Next: Target' }).click()
  await expect.poll(() => name(other.page).inputValue()).toBe('Dusk move')

  await name(other.page).fill('Noon move')
  await one.page.getByLabel('Port', { exact: true }).fill('6400')
  await one.page.getByRole('button', { name: 'Next: Scope' }).click()
  await walk.heading(one.page, 'What goes along, and as what?')
  await other.page.waitForTimeout(1_500)
  expect(await name(other.page).inputValue()).toBe('Noon move')

  await at(one.page, 'profiles')
  await row(one.page, 'Dusk move').getByRole('button', { name: 'Remove Dusk move' }).click()
  await press(one.page, 'Remove the profile')
  const removed = dialog(other.page, 'Removed by somebody else')
  await removed.getByRole('button', { name: 'Make a new one of it' }).click()
  await expect.poll(() => name(other.page).inputValue()).toBe('Noon move')
  await other.page.getByRole('button', { name: 'Next: Target' }).click()
  await row(one.page, 'Noon move').waitFor()
  expect([...one.complaints, ...other.complaints]).toEqual([])
}, 90_000)

test('settings, the key of secrets and the practice servers are the same in all consoles', async () => {
  await using one = await host.open()
  await using other = await host.open()
  const keys = (page: Page): Locator => page.getByLabel('Keys per second')
  for (const { page } of [one, other]) {
    await at(page, 'settings')
    await keys(page).waitFor()
  }
  await keys(one.page).fill('4000')
  await main(one.page).getByRole('button', { name: 'Save' }).click()
  await expect.poll(() => keys(other.page).inputValue()).toBe('4000')
  await keys(other.page).fill('123')
  await keys(one.page).fill('5000')
  await main(one.page).getByRole('button', { name: 'Save' }).click()
  await says(other.page, 'Another console has changed these settings')
  expect(await keys(other.page).inputValue()).toBe('123')
  await press(other.page, 'Show the newer ones')
  await expect.poll(() => keys(other.page).inputValue()).toBe('5000')
  await gone(main(other.page).getByText('Another console has changed these settings'))
  await keys(one.page).fill('')
  await main(one.page).getByRole('button', { name: 'Save' }).click()

  await says(other.page, 'They are sealed with the key in keyferry.key.')
  await main(one.page).getByText('Passphrase', { exact: true }).first().click()
  await one.page.getByLabel('New passphrase').fill('a long passphrase')
  await press(one.page, 'Keep the key this way')
  await gone(main(other.page).getByText('They are sealed with the key in keyferry.key.'))

  await at(other.page, '')
  await main(other.page).getByRole('button', { name: 'Start practice servers' }).waitFor()
  await at(one.page, '')
  await main(one.page).getByRole('button', { name: 'Start practice servers' }).click()
  await main(other.page).getByText('Practice servers run').waitFor({ timeout: 60_000 })
  await walk.heading(one.page, 'Is everything ready to cross?')
  // Until they are over, checks keep their plan.
  await walkMigration(one.page).acceptWarnings()
  await main(other.page).getByRole('button', { name: 'End the practice servers' }).click()
  // Its plan goes with them, and whoever has it open is told.
  await dialog(one.page, 'Removed by somebody else').getByRole('button', { name: 'Let it go' }).click()
  await walk.heading(one.page, 'Profiles')
  expect(await row(one.page, 'Practice').count()).toBe(0)
  expect([...one.complaints, ...other.complaints]).toEqual([])
}, 120_000)

test('a task and a move by backup that are removed elsewhere say so on their pages', async () => {
  await using source = await startRedis({ password })
  await using target = await startRedis({ password })
  await using one = await host.open()
  await using other = await host.open()
  const forms = ['From this server', 'Into this server'].map((name) =>
    main(one.page).getByRole('region', { name }),
  )
  await at(one.page, 'guided-backups/new')
  for (const [form, { port }] of [
    [forms[0]!, source],
    [forms[1]!, target],
  ] as const) {
    await form.getByLabel('Host', { exact: true }).fill('127.0.0.1')
    await form.getByLabel('Port', { exact: true }).fill(String(port))
    await form.getByLabel('Password', { exact: true }).fill(password)
  }
  await at(other.page, 'restores')
  await press(one.page, 'Look at both sides')
  await row(other.page, `127.0.0.1:${source.port}`).first().waitFor()
  await row(other.page, 'Waits for you').first().waitFor()
  await other.page.goto(one.page.url())
  await other.page.getByRole('button', { name: 'Freeze writes…' }).waitFor()
  await press(one.page, 'Remove')
  await says(other.page, 'There is no such move by backup')

  const migration = walkMigration(one.page)
  await at(one.page, '')
  await migration.openWizard()
  const side = ({ port }: { port: number }) => ({ port, password })
  await migration.enterBothSides('Short move', side(source), side(target))
  await migration.keepOptions()
  await migration.acceptWarnings()
  await migration.start()
  await migration.untilInStep()
  await at(other.page, 'tasks')
  await main(other.page).getByRole('link', { name: 'Short move' }).first().click()
  await press(one.page, 'Stop…')
  await press(one.page, 'Give it up')
  await one.page.getByRole('button', { name: 'Remove' }).click()
  await says(other.page, 'This task is no longer known')
  expect([...one.complaints, ...other.complaints]).toEqual([])
}, 120_000)
