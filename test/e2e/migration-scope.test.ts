import { expect, test } from 'vitest'
import { walkMigration } from '../support/migration-walk.ts'
import { startRedis } from '../support/redis-server.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'

const secrets = { source: 'old secret of the source', target: 'the target’s own' }

const host = consoleForAllTests()

test('a person moves a choice of keys into another database: only these are there, counted and proven by the same rules', async () => {
  await using source = await startRedis({
    password: secrets.source,
    args: ['--repl-diskless-sync-delay', '0'],
  })
  await using target = await startRedis({ password: secrets.target })
  await source.call('MSET', 'user:1', 'a', 'user:2', 'b', 'other', 'c')
  await source.call('SELECT', 1)
  await source.call('SET', 'user:elsewhere', 'd')
  await source.call('SELECT', 0)
  await using console = await host.open()
  const { page } = console
  const { main, ...walk } = walkMigration(page)
  const next = (step: string): Promise<void> => main.getByRole('button', { name: `Next: ${step}` }).click()
  await page.goto(`${host.served.origin}/#/`)
  await walk.openWizard()
  const sourceSide = { port: source.port, password: secrets.source }
  await walk.enterBothSides('Users only', sourceSide, { port: target.port, password: secrets.target })
  await next('Scope')

  // What cannot be meant is said where it is typed, and what is left is estimated.
  await main.getByText('All into one', { exact: true }).click()
  await main.getByLabel('Prefix to take away').fill('user:')
  await next('Options')
  await main.getByRole('button', { name: /^Only where each pattern/ }).waitFor()
  await main.getByRole('button', { name: /^Two databases of the source/ }).waitFor()
  await main.getByLabel('Prefix to take away').fill('')
  await main.getByLabel('Databases', { exact: true }).fill('0')
  await main.getByText('Map them', { exact: true }).click()
  await main.getByLabel('From database : into database').fill('0:3')
  await main.getByLabel('Only these keys').fill('user:*')
  await main.getByText('at most 3 keys').waitFor()
  await next('Options')

  // What does not go with rules cannot be chosen, and says why.
  await main.getByText('No way back is kept with rules for keys').waitFor()
  await next('Check')
  await walk.acceptWarnings()
  await next('Review')
  for (const text of ['Only keys like user:*.', 'Only databases 0.', 'Moved as 0:3'])
    await main.getByText(text).first().waitFor()
  await main.getByRole('button', { name: 'Start the migration' }).click()
  await page.waitForURL(/#\/tasks\//)
  await walk.untilInStep()
  await main.getByRole('heading', { name: 'Rules for keys' }).waitFor()
  await main.getByText('Only keys like user:*.').waitFor()
  await source.call('SET', 'user:3', 'e')
  await source.call('RENAME', 'other', 'user:4')
  await source.call('RENAME', 'user:2', 'gone')
  await walk.freeze(sourceSide)
  expect(await walk.prove()).toBe(3)
  await walk.finish()
  // Nothing is left to be pressed there.
  expect(await main.getByRole('button', { name: 'Finish sync' }).count()).toBe(0)
  // What was proven was counted by the rules: of four keys one was another's, and one in a database left out.
  await page.goto(page.url().replace(/\/\w+$/, ''))
  await main.getByText('proven equal').waitFor()
  await page.goto(`${page.url()}/proof`)
  await main.getByText('Functions were not compared: the rules for keys leave them out.').waitFor()

  await target.call('SELECT', 3)
  expect(await target.call('MGET', 'user:1', 'user:3', 'user:4')).toEqual(['a', 'e', 'c'])
  expect(String(await target.call('INFO', 'keyspace')).match(/^db.*keys=\d+/gm)).toEqual(['db3:keys=3'])
  expect(console.complaints).toEqual([])
}, 120_000)
