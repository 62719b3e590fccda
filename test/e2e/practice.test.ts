import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { walkMigration } from '../support/migration-walk.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'

const host = consoleForAllTests()

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

test('somebody who is new here moves practice data, and leaves nothing behind', async () => {
  await using console = await host.open()
  const { page } = console
  const walk = walkMigration(page)
  await walk.main.getByRole('button', { name: 'Start practice servers' }).click()
  await page.getByRole('heading', { name: 'Is everything ready to cross?' }).waitFor({ timeout: 60_000 })
  await walk.acceptWarnings()
  await walk.start()
  await walk.untilInStep()

  // Another console sees that they run, and where.
  await using other = await host.open()
  const door = other.page.getByRole('main').locator('section').filter({ hasText: 'Try it first' })
  const said = await door.getByText('Practice servers run').innerText()
  const ports = [.../(\d+) and (\d+)/.exec(said)!].slice(1).map(Number)
  expect(await Promise.all(ports.map(isListening))).toEqual([true, true])
  await door.getByRole('button', { name: 'End the practice servers' }).click()
  await door.getByRole('button', { name: 'Start practice servers' }).waitFor({ timeout: 60_000 })
  expect(await Promise.all(ports.map(isListening))).toEqual([false, false])
  await other.page.getByRole('link', { name: 'Profiles' }).click()
  await other.page.getByText('No profiles yet').waitFor()
  expect(console.complaints).toEqual([])
}, 180_000)
