import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { en } from '../../src-renderer/src/i18n/en.ts'
import { ko } from '../../src-renderer/src/i18n/ko.ts'
import type { Words } from '../../src-renderer/src/i18n/words.ts'
import { zh } from '../../src-renderer/src/i18n/zh.ts'
import { findings, looks } from '../support/axe.ts'
import type { ConsolePage } from '../support/browser.ts'
import { setMigrationScene } from '../support/migration-scene.ts'
import { migrationStages } from '../support/migration-stages.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import * as walk from '../support/restore-walk.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'

const host = consoleForAllTests()
let target: RedisServer
let folder: string
let dump: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-files-'))
  target = await startRedis()
  await target.call('MSET', 'a', '1', 'b', '2')
  await target.call('DEBUG', 'POPULATE', 3_000)
  await target.call('SAVE')
  dump = join(folder, 'dump.rdb')
  await copyFile(join(target.dir, 'dump.rdb'), dump)
})

afterAll(async () => {
  await target.stop()
  await rm(folder, { recursive: true, force: true })
})

test.each(looks)('every view in $name', async ({ name, locale, colouring }) => {
  await using console = await host.open({ locale, reducedMotion: 'reduce' })
  const { page } = console
  const found: Record<string, readonly string[]> = {}
  const look = async (view: string): Promise<void> => {
    await page.getByRole('heading', { level: 1 }).waitFor()
    found[view] = await findings(page, colouring)
  }

  await look('start')
  expect(await page.locator('html').getAttribute('lang')).toBe(name)
  for (const view of [
    'restores',
    'restores/new/file',
    'tasks',
    'profiles',
    'profiles/new/source',
    'connections',
    'connections/new',
    'settings',
    'failures',
    'nowhere',
  ]) {
    await page.goto(`${host.served.origin}/#/${view}`)
    await look(view)
  }
  await page.keyboard.press('F1')
  await page.getByRole('dialog').waitFor()
  await look('help')
  expect(found).toEqual(Object.fromEntries(Object.keys(found).map((view) => [view, []])))
  expect(console.complaints).toEqual([])
})

test('the way through a restore, failed and done, in all colours', async () => {
  await using console = await host.open({ reducedMotion: 'reduce' })
  const { page } = console
  const found: Record<string, readonly string[]> = {}
  const look = async (view: string): Promise<void> => {
    found[view] = await findings(page)
  }
  await target.call('SET', 'a', '1')
  await walk.openWizard(page)
  await page.getByRole('button', { name: 'Choose a file…' }).click()
  await page.getByRole('dialog').getByRole('list').waitFor()
  await look('folder dialog')
  await page.keyboard.press('Escape')
  await walk.next(page, 'Target')
  await look('file step with problems')
  await walk.readFileAt(page, dump)
  await look('file card')
  await walk.next(page, 'Target')
  await walk.enterTarget(page, { port: 1 })
  await walk.testConnection(page)
  await look('test failed')
  await page.getByRole('button', { name: 'connect.refused' }).click()
  await page.getByRole('dialog').waitFor()
  await look('about a failure')
  await page.keyboard.press('Escape')
  await walk.enterTarget(page, target)
  await page.getByLabel('Encrypt with TLS').check()
  await look('TLS settings')
  await page.getByLabel('Encrypt with TLS').uncheck()
  await walk.testConnection(page)
  await look('facts card')
  await walk.next(page, 'Scope')
  await page.getByText('Set anew', { exact: true }).click()
  await page.getByLabel('Only these cluster slots').fill('5-1')
  await walk.next(page, 'Options')
  await look('scope with problems')
  await page.getByLabel('Only these cluster slots').fill('')
  await walk.next(page, 'Options')
  await look('options with a target that is not empty')
  await walk.next(page, 'Review')
  await page.getByRole('button', { name: 'Dry run' }).click()
  await page.getByRole('main').getByText('A sample of the keys').waitFor()
  await look('review with a dry run')
  await walk.start(page)
  await page.getByRole('main').getByText('What happened').waitFor()
  await look('failed')
  await target.call('FLUSHALL')
  await walk.walkToReview(page, dump, target)
  await page.getByRole('link', { name: 'Change Speed' }).click()
  await page.getByLabel('Keys per second').fill('500')
  await walk.next(page, 'Review')
  await walk.start(page)
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('main').getByText('Nothing is written until you go on.').waitFor()
  await look('paused')
  await page.getByRole('button', { name: 'Limits…' }).click()
  const limits = page.getByRole('dialog')
  await limits.getByLabel('Keys per second').fill('')
  await look('limits')
  await limits.getByRole('button', { name: 'Set the limits' }).click()
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('main').getByText('The whole file is in the target').waitFor()
  await target.call('DEL', 'b')
  await page.getByRole('button', { name: 'Compare', exact: true }).click()
  await page.getByRole('main').getByText('1 key differs').waitFor()
  await look('done, compared')
  await page.goto(`${host.served.origin}/#/restores`)
  await page.getByRole('table').first().waitFor()
  await look('list')

  expect(found).toEqual(Object.fromEntries(Object.keys(found).map((view) => [view, []])))
})

test('every screen of a migration, in each language and in all colours', async () => {
  await using scene = await setMigrationScene(10_000)
  scene.startApplications()
  await using person = await host.open()
  const all: Readonly<Record<(typeof looks)[number]['name'], Words>> = { en, zh, ko }
  const lookers: (ConsolePage & (typeof looks)[number])[] = []
  for (const look of looks) {
    const { locale } = look
    lookers.push({ ...look, ...(await host.open({ locale, reducedMotion: 'reduce' })) })
  }
  const found: string[] = []
  const looked: string[] = []
  for await (const { name: stage, at, says } of migrationStages(person.page, scene)) {
    await Promise.all(
      lookers.map(async ({ page, name, colouring }) => {
        await page.goto(`${host.served.origin}/#/${at}`)
        await page.getByRole('main').getByText(all[name][says], { exact: true }).first().waitFor()
        const those = await findings(page, colouring)
        found.push(...those.map((finding) => `${stage}, ${name}: ${finding}`))
      }),
    )
    looked.push(stage)
  }

  expect(found).toEqual([])
  expect(looked.length).toBeGreaterThan(20)
  const consoles = [person, ...lookers]
  expect(consoles.flatMap(({ complaints }) => complaints)).toEqual([])
  await Promise.all(lookers.map((looker) => looker[Symbol.asyncDispose]()))
}, 900_000)
