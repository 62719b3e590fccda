import { expect, test } from 'vitest'
import { en } from '../../src-renderer/src/i18n/en.ts'
import type { Words } from '../../src-renderer/src/i18n/words.ts'
import { walkMigration } from '../support/migration-walk.ts'
import { startRedis } from '../support/redis-server.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'

const host = consoleForAllTests()

test('a second server is added, tested, kept with its own password, and shown as a shard of the migration', async () => {
  const args = ['--repl-diskless-sync-delay', '0']
  await using one = await startRedis({ password: 'secret of one', args })
  await using two = await startRedis({ password: 'secret of two', args })
  await using target = await startRedis({ password: 'new' })
  await one.call('SET', 'of one', '1')
  await two.call('MSET', 'of two', '1', 'and another', '2')
  await using console = await host.open()
  const { page } = console
  const walk = walkMigration(page)
  const say = (key: keyof Words, number = '2'): string => en[key].replace('{number}', number)
  const field = (key: keyof Words, number?: string) => walk.main.getByLabel(say(key, number), { exact: true })
  const press = (key: keyof Words, number?: string): Promise<void> =>
    walk.main.getByRole('button', { name: say(key, number), exact: true }).click()

  await walk.openWizard()
  await press('others.add')
  await press('others.add')
  await press('others.remove', '3')
  await field('others.host').fill('127.0.0.1')
  await field('others.port').fill(String(two.port))
  await walk.main.getByText(en['others.own'], { exact: true }).click()
  await field('others.password').fill('secret of two')
  await walk.enterBothSides(
    'Shards',
    { port: one.port, password: 'secret of one' },
    { port: target.port, password: 'new' },
  )
  await page.goto(page.url().replace(/target$/, 'source'))
  await press('others.test')
  await walk.main.getByText(/^Connected: \S+ \S+, 2 keys$/).waitFor()
  await page.reload()
  expect(await field('others.port').inputValue()).toBe(String(two.port))
  expect(await field('others.password').count()).toBe(0)

  await walk.main
    .getByRole('button', { name: en['wizard.next'].replace('{step}', en['step.target']) })
    .click()
  await walk.keepOptions()
  await walk.acceptWarnings()
  await page.goto(page.url().replace(/check$/, 'review'))
  // What is read is named whole before it begins.
  for (const { port } of [one, two])
    await walk.main.locator('code', { hasText: `127.0.0.1:${port}` }).waitFor()
  await page.goBack()
  await walk.start()
  await walk.untilInStep()
  for (const { port } of [one, two]) {
    const row = walk.main.getByRole('row').filter({ hasText: `127.0.0.1:${port}` })
    await row.filter({ hasText: en['shards.phase.in-step'] }).waitFor()
  }
  expect(await target.call('MGET', 'of one', 'of two', 'and another')).toEqual(['1', '1', '2'])

  // Which of two values is meant a person says, and no repair that would be offered here.
  await one.call('SET', 'of both', '1')
  await two.call('SET', 'of both', '2')
  await walk.freeze({ port: one.port, password: 'secret of one' })
  await press('task.verify')
  await walk.main.getByText('1 key differs', { exact: true }).waitFor({ timeout: 60_000 })
  await walk.main.getByRole('link', { name: en['cutover.prove.show'] }).click()
  await walk.main.getByText('1 key is in more than one source').waitFor()
  expect(await walk.main.getByRole('button', { name: en['compare.repair'], exact: true }).count()).toBe(0)
  expect(console.complaints).toEqual([])
}, 120_000)
