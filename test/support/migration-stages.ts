import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import type { Words } from '../../src-renderer/src/i18n/words.ts'
import { type MigrationScene } from './migration-scene.ts'
import { walkMigration } from './migration-walk.ts'

/** A screen of the console, as it stands while the stage is given. */
export interface Stage {
  readonly name: string
  /** The place's address, behind the `#`. */
  readonly at: string
  /** What it says once it has come: the key of a text that has no parameters. */
  readonly says: keyof Words
}

/**
 * Goes through a whole migration, as a person in `page` does it, and gives each screen on the way: the migration stands
 * still meanwhile, so that others can look at the same screen in other languages and colours.
 */
export async function* migrationStages(page: Page, scene: MigrationScene): AsyncGenerator<Stage, void, void> {
  const { source, target } = scene
  const walk = walkMigration(page)
  const side = { port: source.port, password: scene.sourcePassword }
  const press = (name: string): Promise<void> => walk.main.getByRole('button', { name, exact: true }).click()
  const idIn = (address: string): string => new URL(address).hash.split('/')[2] ?? ''

  // Slow enough to be looked at: microseconds for each key.
  await source.call('CONFIG', 'SET', 'rdb-key-save-delay', 1000)
  await target.call('SET', 'left over', '1')
  await walk.openWizard()
  await walk.enterBothSides('Shop cache', side, { port: target.port, password: scene.targetPassword })
  await walk.keepOptions()
  const profile = idIn(page.url())
  yield { name: 'source', at: `profiles/${profile}/source`, says: 'migration.source.title' }
  yield { name: 'target', at: `profiles/${profile}/target`, says: 'migration.target.title' }
  yield { name: 'scope', at: `profiles/${profile}/scope`, says: 'scope.title' }
  yield { name: 'options', at: `profiles/${profile}/options`, says: 'migration.options.title' }
  yield { name: 'check-failed', at: `profiles/${profile}/check`, says: 'checks.state.failed' }
  await target.call('DEL', 'left over')
  await press('Run all again')
  await walk.acceptWarnings()
  yield { name: 'check-passed', at: `profiles/${profile}/check`, says: 'checks.title' }
  yield { name: 'review', at: `profiles/${profile}/review`, says: 'restore.review.title' }

  await walk.start()
  const task = `tasks/${idIn(page.url())}`
  const overview = (name: string, says: keyof Words): Stage => ({ name, at: task, says })
  const cutover = (name: string, says: keyof Words): Stage => ({ name, at: `${task}/cutover`, says })
  while (Number(await target.call('DBSIZE')) < 3_000) await sleep(50)
  yield overview('copying', 'task.state.copying')
  // A machine that looks slowly finds it copied here: the list is told by its heading.
  yield { name: 'tasks', at: 'tasks', says: 'nav.tasks' }
  await source.call('CONFIG', 'SET', 'rdb-key-save-delay', 0)
  await press('Pause')
  await walk.main.getByText('Paused').first().waitFor()
  yield overview('paused', 'task.state.paused')
  await press('Resume')
  await walk.untilInStep()
  yield overview('in-step', 'task.inStep.title')
  yield cutover('cutover', 'cutover.freeze.go')
  const [lease] = (await target.call('KEYS', 'keyferry:*:lease')) as string[]
  await target.call('SET', lease!, 'another run')
  await walk.main.getByText('Failed', { exact: true }).first().waitFor({ timeout: 60_000 })
  yield overview('failed', 'task.state.failed')
  await target.call('DEL', lease!)
  await press('Resume')
  await walk.untilInStep()

  yield { name: 'freeze', at: `${task}/freeze`, says: 'freeze.plan' }
  const touched = ['plain:1', 'plain:2']
  const values = (await source.callBuffer('MGET', ...touched)) as Buffer[]
  // Before the freeze: after it somebody else's write makes every proof void.
  await target.call('SET', 'plain:1', 'not what the source has')
  await target.call('DEL', 'plain:2')
  await walk.freeze(side)
  yield cutover('frozen', 'pause.running')
  yield overview('frozen-overview', 'task.state.frozen')
  await press('Compare both sides')
  await walk.main.getByRole('button', { name: 'Prove again' }).waitFor()
  yield { name: 'differences', at: `${task}/proof`, says: 'proof.differing' }
  yield cutover('cutover-differences', 'cutover.finish.ask')
  await target.call('MSET', ...touched.flatMap((key, at) => [key, values[at]!]))
  await page.goto(`${new URL(page.url()).origin}/#/${task}`)
  await walk.main.getByText(/^Somebody else changed the key/).waitFor({ timeout: 30_000 })
  yield { name: 'void', at: `${task}/proof`, says: 'proof.void' }
  await page.goto(`${new URL(page.url()).origin}/#/${task}/cutover`)
  await walk.main.getByRole('button', { name: /^(Prove again|Compare both sides)$/ }).click()
  await walk.main.getByText(/^Equal: /).waitFor({ timeout: 30_000 })
  yield { name: 'equal', at: `${task}/proof`, says: 'proof.equal' }
  yield cutover('proven', 'cutover.finish.deed')
  await walk.finish()
  yield cutover('finished-cutover', 'pause.ended.finished')
  yield overview('finished', 'task.finished.title')
  yield { name: 'tasks-history', at: 'tasks', says: 'tasks.history' }
  yield { name: 'profiles', at: 'profiles', says: 'profiles.open' }
}
