import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { openConsole, startBrowser } from '../support/browser.ts'
import { setMigrationScene } from '../support/migration-scene.ts'
import { walkMigration, type MigrationWalk } from '../support/migration-walk.ts'
import { startServed } from '../support/serve.ts'
import { compareAll } from '../support/sync-ends.ts'

test('over and back again: a command that fails and is run again, the way back kept, a write on the new server, and a roll back that has it', async () => {
  await using browser = await startBrowser()
  await using served = await startServed(0, undefined, ['--allow-commands'])
  await using scene = await setMigrationScene(1_000)
  await using console = await openConsole(browser, served)
  const { source, target, sourcePassword, targetPassword } = scene
  const old = { port: source.port, password: sourcePassword }
  const fresh = { port: target.port, password: targetPassword }
  const walk = walkMigration(console.page)
  await walk.openWizard()
  await walk.enterBothSides('There and back', old, fresh)
  const zone = join(served.home, 'zone')
  await setCommand(console.page, `sh -c 'echo no such zone; test -e ${zone}'`)
  await walk.acceptWarnings()
  await walk.start()
  await walk.untilInStep()
  await walk.freeze(old)
  await walk.prove()
  await walk.finishWithWayBack('There and back')
  await console.page.goto(await cutoverOf(walk, 'There and back'))
  // What is left to be done at the cutover is done on the way back's page.
  const last = walk.main.locator('li[data-state=now]')
  await last.getByRole('link', { name: 'Show the way back' }).click()
  await walk.main.getByText('The way back is open.').waitFor()
  await walk.openTask('There and back')
  const command = walk.main.getByRole('region', { name: 'Command at the cutover' })
  await command.getByText('Failed with exit code 1.').waitFor()
  await command.getByText('no such zone', { exact: true }).waitFor()
  await writeFile(zone, '')
  await command.getByRole('button', { name: 'Run it again' }).click()
  await command.getByText('Ended well.').waitFor()
  await walk.main.getByRole('link', { name: 'Show the way back' }).click()

  await target.call('SET', 'ordered on the new one', 'after the cutover')
  await walk.freeze(fresh, 'rollBack')
  expect(await walk.prove()).toBeGreaterThan(1_000)
  await walk.rollBack()
  await walk.openTask('There and back')
  await walk.main.getByText('Rolled back', { exact: true }).first().waitFor()
  // Whoever comes back to the first task is told nothing of a hold that is over.
  expect(await walk.main.getByText('takes writes from Keyferry only').count()).toBe(0)

  expect(await source.call('GET', 'ordered on the new one')).toBe('after the cutover')
  const passwords = { source: targetPassword, target: sourcePassword }
  expect(await compareAll(target, source, passwords)).toMatchObject({ equal: true, differing: 0 })
  expect(await source.call('SET', 'written as before', 'the password too')).toBe('OK')
  expect(console.complaints).toEqual([])
}, 240_000)

/** The address of the cutover of a task. */
async function cutoverOf(walk: MigrationWalk, name: string): Promise<string> {
  await walk.openTask(name)
  return `${walk.main.page().url()}/cutover`
}

/** In the wizard: at the options, with the consent that it does not start without. */
async function setCommand(page: Page, line: string): Promise<void> {
  const main = page.getByRole('main')
  await page.getByRole('button', { name: 'Next: Scope' }).click()
  await page.getByRole('button', { name: 'Next: Options' }).click()
  await page.getByRole('heading', { level: 1, name: 'How shall it be done?' }).waitFor()
  await main.getByLabel('Command at the cutover').fill(line)
  await main.getByText('Nobody at this machine has consented').waitFor()
  await main.getByRole('button', { name: 'Consent…' }).click()
  const dialog = page.getByRole('alertdialog', { name: 'Run this command at the cutover?' })
  await dialog.getByRole('textbox').fill(`${line} `)
  expect(await dialog.getByRole('button', { name: 'Let it run' }).isDisabled()).toBe(true)
  await dialog.getByRole('textbox').fill(line)
  await dialog.getByRole('button', { name: 'Let it run' }).click()
  await main.getByText('Somebody at this machine has consented to it.').waitFor()
  await page.getByRole('button', { name: 'Next: Check' }).click()
  await page.getByRole('heading', { level: 1, name: 'Is everything ready to cross?' }).waitFor()
}
