import { expect, test } from 'vitest'
import { en } from '../../src-renderer/src/i18n/en.ts'
import { startCounting } from '../support/counting-writers.ts'
import { walkMigration } from '../support/migration-walk.ts'
import { startRedis } from '../support/redis-server.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'

const host = consoleForAllTests()

test('a source that lets nobody change its passwords is shut by hand, seen to be, proven and finished', async () => {
  const password = 'secret-of-the-service'
  await using source = await startRedis({
    password,
    args: ['--repl-diskless-sync-delay', '0', '--rename-command', 'CONFIG', ''],
  })
  await using target = await startRedis({ password: 'new' })
  await using console = await host.open()
  const { page } = console
  const walk = walkMigration(page)
  const writers = await startCounting(source, ['a', 'b'], { password })
  await walk.openWizard()
  const ownTarget = { port: target.port, password: 'new' }
  await walk.enterBothSides('Managed', { port: source.port, password }, ownTarget)
  await walk.keepOptions()
  await walk.acceptWarnings()
  await walk.start()
  await walk.untilInStep()

  const address = `127.0.0.1:${source.port}`
  await walk.main.getByRole('link', { name: en['task.cutover'], exact: true }).click()
  await walk.main.getByRole('link', { name: en['cutover.freeze.go'], exact: true }).click()
  await walk.main.getByRole('heading', { name: en['freeze.byHand'] }).waitFor()
  await walk.main.getByRole('textbox', { name: new RegExp(`Type ${address}`) }).fill(address)
  await walk.main.getByRole('button', { name: en['freeze.byHand.deed'] }).click()
  await walk.main.getByText(en['freeze.byHand.waiting']).waitFor()
  await walk.main.getByText(/other connections: [1-9]/).waitFor()
  await writers.stop()
  await walk.main.getByText(en['cutover.freeze.byHand']).waitFor({ timeout: 60_000 })
  expect(await walk.prove()).toBe(2)
  await walk.finish()
  for (const [key, count] of writers.acknowledged)
    expect(Number(await target.call('GET', key))).toBeGreaterThanOrEqual(count)
  expect(console.complaints).toEqual([])
}, 240_000)
