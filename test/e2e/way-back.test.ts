import { expect, test } from 'vitest'
import { openConsole, startBrowser } from '../support/browser.ts'
import { setMigrationScene } from '../support/migration-scene.ts'
import { walkMigration } from '../support/migration-walk.ts'
import { startServed } from '../support/serve.ts'
import { compareAll } from '../support/sync-ends.ts'

test('over and back again: the way back kept at the cutover, a write on the new server, and a roll back that has it', async () => {
  await using browser = await startBrowser()
  await using served = await startServed()
  await using scene = await setMigrationScene(1_000)
  await using console = await openConsole(browser, served)
  const { source, target, sourcePassword, targetPassword } = scene
  const old = { port: source.port, password: sourcePassword }
  const fresh = { port: target.port, password: targetPassword }
  const walk = walkMigration(console.page)
  await walk.openWizard()
  await walk.enterBothSides('There and back', old, fresh)
  await walk.keepOptions()
  await walk.acceptWarnings()
  await walk.start()
  await walk.untilInStep()
  await walk.freeze(old)
  await walk.prove()
  await walk.finishWithWayBack('There and back')

  await target.call('SET', 'ordered on the new one', 'after the cutover')
  await walk.freeze(fresh, 'rollBack')
  expect(await walk.prove()).toBeGreaterThan(1_000)
  await walk.rollBack()

  expect(await source.call('GET', 'ordered on the new one')).toBe('after the cutover')
  const passwords = { source: targetPassword, target: sourcePassword }
  expect(await compareAll(target, source, passwords)).toMatchObject({ equal: true, differing: 0 })
  expect(await source.call('SET', 'written as before', 'the password too')).toBe('OK')
  expect(console.complaints).toEqual([])
}, 240_000)
