import { AxeBuilder } from '@axe-core/playwright'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { en } from '../../src-renderer/src/i18n/en.ts'
import { ko } from '../../src-renderer/src/i18n/ko.ts'
import type { Words } from '../../src-renderer/src/i18n/words.ts'
import { zh } from '../../src-renderer/src/i18n/zh.ts'
import { openConsole, startBrowser, type ConsolePage } from '../support/browser.ts'
import { setMigrationScene } from '../support/migration-scene.ts'
import { migrationStages } from '../support/migration-stages.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import * as walk from '../support/restore-walk.ts'
import { startServed, type Served } from '../support/serve.ts'

let served: Served
let browser: Browser
let target: RedisServer
let folder: string
let dump: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-files-'))
  ;[served, browser, target] = await Promise.all([startServed(), startBrowser(), startRedis()])
  await target.call('MSET', 'a', '1', 'b', '2')
  await target.call('DEBUG', 'POPULATE', 3_000)
  await target.call('SAVE')
  dump = join(folder, 'dump.rdb')
  await copyFile(join(target.dir, 'dump.rdb'), dump)
})

afterAll(async () => {
  await browser.close()
  await served[Symbol.asyncDispose]()
  await target.stop()
  await rm(folder, { recursive: true, force: true })
})

/** What axe finds on the page as it stands: the rule and where, empty when all is well. */
async function findings(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze()
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target: at }) => `${id} at ${at.join(' ')}`))
}

const locales = [
  ['en', 'en-US'],
  ['zh', 'zh-CN'],
  ['ko', 'ko-KR'],
] as const

// Each language and each theme; words do not change colours.
test.each([
  ['en', 'light', 'en-US'],
  ['en', 'dark', 'en-US'],
  ['zh', 'light', 'zh-CN'],
  ['ko', 'dark', 'ko-KR'],
] as const)('every view in %s, %s', async (name, theme, locale) => {
  await using console = await openConsole(browser, served, {
    locale,
    colorScheme: theme,
    reducedMotion: 'reduce',
  })
  const { page } = console
  const found: Record<string, readonly string[]> = {}
  const look = async (view: string): Promise<void> => {
    await page.getByRole('heading', { level: 1 }).waitFor()
    found[view] = await findings(page)
  }

  await look('start')
  expect(await page.locator('html').getAttribute('lang')).toBe(name)
  for (const view of [
    'restores',
    'restores/new/file',
    'tasks',
    'profiles',
    'profiles/new/source',
    'failures',
    'nowhere',
  ]) {
    await page.goto(`${served.origin}/#/${view}`)
    await look(view)
  }
  await page.keyboard.press('F1')
  await page.getByRole('dialog').waitFor()
  await look('help')
  expect(found).toEqual(Object.fromEntries(Object.keys(found).map((view) => [view, []])))
  expect(console.complaints).toEqual([])
})

test.each(['light', 'dark'] as const)('the way through a restore, failed and done, %s', async (theme) => {
  await using console = await openConsole(browser, served, { colorScheme: theme, reducedMotion: 'reduce' })
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
  await page.goto(`${served.origin}/#/restores`)
  await page.getByRole('table').first().waitFor()
  await look('list')

  expect(found).toEqual(Object.fromEntries(Object.keys(found).map((view) => [view, []])))
})

test('every screen of a migration, in each language, light and dark', async () => {
  await using scene = await setMigrationScene(10_000)
  scene.startApplications()
  await using person = await openConsole(browser, served)
  const all: Record<(typeof locales)[number][0], Words> = { en, zh, ko }
  const lookers: { words: Words; view: string; console: ConsolePage }[] = []
  // Each language and each theme; words do not change colours.
  for (const [at, colorScheme] of [
    [0, 'light'],
    [0, 'dark'],
    [1, 'light'],
    [2, 'dark'],
  ] as const) {
    const [name, locale] = locales[at]
    const options = { locale, colorScheme, reducedMotion: 'reduce' } as const
    const console = await openConsole(browser, served, options)
    lookers.push({ words: all[name], view: `${name} ${colorScheme}`, console })
  }
  const found: string[] = []
  const looked: string[] = []
  for await (const { name, at, says } of migrationStages(person.page, scene)) {
    await Promise.all(
      lookers.map(async ({ console: { page }, words, view }) => {
        await page.goto(`${served.origin}/#/${at}`)
        await page.getByRole('main').getByText(words[says], { exact: true }).first().waitFor()
        found.push(...(await findings(page)).map((finding) => `${name}, ${view}: ${finding}`))
      }),
    )
    looked.push(name)
  }

  expect(found).toEqual([])
  expect(looked.length).toBeGreaterThan(20)
  const consoles = [person, ...lookers.map(({ console }) => console)]
  expect(consoles.flatMap(({ complaints }) => complaints)).toEqual([])
  await Promise.all(lookers.map(({ console }) => console[Symbol.asyncDispose]()))
}, 300_000)
