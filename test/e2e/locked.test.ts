import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { dataFolderForEachTest } from '../support/data-folder.ts'
import { startServed } from '../support/serve.ts'
import { browserForAllTests } from '../support/shared-browser.ts'

const shared = browserForAllTests()
const home = dataFolderForEachTest()
const passphrase = 'long enough to be one'

test('a console that starts locked says so wherever one is, until the passphrase is typed', async () => {
  {
    await using served = await startServed(0, home.path)
    await using console = await shared.open(served)
    const { page } = console
    const panel = secrets(page)
    await page.getByRole('link', { name: 'Settings', exact: true }).click()
    await panel.getByText('Passphrase', { exact: true }).click()
    await panel.getByLabel('New passphrase').fill('short')
    await panel.getByRole('button', { name: 'Keep the key this way' }).click()
    await panel.getByText('This passphrase is too short').waitFor()
    await panel.getByLabel('New passphrase').fill(passphrase)
    await panel.getByRole('button', { name: 'Keep the key this way' }).click()
    await panel.getByText('which is locked with a passphrase').waitFor()
    // What was wrong with the one before is no word on this one.
    await panel.getByText('too short').waitFor({ state: 'detached' })
    expect(await banner(page).count()).toBe(0)
    expect(console.complaints).toEqual([])
  }

  await using served = await startServed(0, home.path)
  await using console = await shared.open(served)
  await using other = await shared.open(served)
  const { page } = console
  await banner(page).waitFor()
  await page.getByRole('link', { name: 'New migration' }).first().click()
  await page.getByRole('heading', { level: 1, name: 'Where is the data now?' }).waitFor()
  await banner(page).waitFor()
  await banner(page).getByRole('link', { name: 'Unlock' }).click()
  const panel = secrets(page)
  await panel.getByLabel('Passphrase').fill(passphrase)
  await panel.getByRole('button', { name: 'Unlock' }).click()
  await panel.getByText('They are sealed').waitFor()
  expect(await panel.getByText('too short').count()).toBe(0)
  for (const one of [page, other.page]) await banner(one).waitFor({ state: 'detached' })
  expect([...console.complaints, ...other.complaints]).toEqual([])
}, 60_000)

const secrets = (page: Page) =>
  page.getByRole('main').locator('section').filter({ hasText: 'Stored passwords' })

const banner = (page: Page) =>
  page.getByRole('status').filter({ hasText: 'Stored passwords are locked, and tasks that need one wait.' })
