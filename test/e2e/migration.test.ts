import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { en } from '../../src-renderer/src/i18n/en.ts'
import { ko } from '../../src-renderer/src/i18n/ko.ts'
import { zh } from '../../src-renderer/src/i18n/zh.ts'
import { keyboard } from '../support/hand.ts'
import { asPromised, setMigrationScene, type MigrationScene } from '../support/migration-scene.ts'
import { walkMigration, type Side } from '../support/migration-walk.ts'
import { startServed } from '../support/serve.ts'
import { browserForAllTests } from '../support/shared-browser.ts'
import { infoField } from '../support/sync-ends.ts'

const shared = browserForAllTests()

const sourceOf = ({ source, sourcePassword }: MigrationScene): Side => ({
  port: source.port,
  password: sourcePassword,
})
const targetOf = ({ target, targetPassword }: MigrationScene): Side => ({
  port: target.port,
  password: targetPassword,
})

test('from the wizard to finished, killed in the middle, with applications that write until they are refused', async () => {
  await using home = await folder()
  await using scene = await setMigrationScene(100_000)
  scene.startApplications()
  let writtenBefore: number
  {
    await using served = await startServed(0, home.path)
    await using console = await shared.open(served)
    const walk = walkMigration(console.page)
    await walk.openWizard()
    await walk.enterBothSides('Shop cache', sourceOf(scene), targetOf(scene))
    await giveTooLittleMemory(scene)
    await walk.keepOptions()
    expect(await walk.acceptWarnings()).toBe(1)
    await scene.target.call('CONFIG', 'SET', 'maxmemory', 0)
    await walk.start()
    await walk.untilInStep()
    expect(console.complaints).toEqual([])
    await served.kill9()
    writtenBefore = scene.written
  }
  await using served = await startServed(0, home.path)
  await using console = await shared.open(served)
  const { page } = console
  const walk = walkMigration(page)
  await page.getByRole('navigation').getByRole('link', { name: 'Tasks' }).click()
  await walk.main.getByRole('link', { name: 'Shop cache' }).click()
  await walk.main.getByText('Keyferry was closed in the middle.').waitFor()
  await walk.main.getByRole('button', { name: 'Resume' }).click()
  await walk.untilInStep()
  expect(infoField(scene.source, 'stats', 'sync_full')).toBe('1')
  expect(scene.written).toBeGreaterThan(writtenBefore)

  await walk.freeze(sourceOf(scene))
  const equal = await walk.prove()
  expect(equal).toBeGreaterThan(100_000)
  const pause = await walk.finish()
  process.stdout.write(`write pause, as the page gives it: ${pause}\n`)
  expect(pause).toMatch(/^\d+(\.\d+)? (ms|s)$/)
  await walk.main.getByText('Unfrozen: its old password works again').waitFor()
  await page.getByRole('navigation').getByRole('link', { name: 'Tasks' }).click()
  const past = walk.main.getByRole('row', { name: 'Shop cache' })
  await past.getByText('Finished').waitFor()
  // Nothing is behind any more, and nothing is written.
  expect(await past.innerText()).not.toMatch(/lag|writes/)

  expect(await scene.outcome()).toEqual(asPromised)
  expect(scene.written).toBeGreaterThan(10_000)
  expect(await page.content()).not.toContain(scene.sourcePassword)
  expect(console.complaints).toEqual([])
}, 240_000)

/** Enough for the data as it is, less than what the check asks for. */
async function giveTooLittleMemory({ source, target }: MigrationScene): Promise<void> {
  const used = (side: MigrationScene['source']): number => Number(infoField(side, 'memory', 'used_memory'))
  await target.call('CONFIG', 'SET', 'maxmemory', Math.round(used(target) + used(source) * 1.25))
}

test('a profile is found again exactly as it was left, its passwords sealed', async () => {
  await using home = await folder()
  await using scene = await setMigrationScene(1)
  /** Every answer of the step shown: texts, ticks and choices. */
  const answers = (page: Page): Promise<unknown> =>
    page
      .getByRole('main')
      .locator('input, textarea')
      .evaluateAll((inputs) =>
        (inputs as HTMLInputElement[]).map(({ id, type, value, checked }) =>
          type.startsWith('text') ? [id, value] : [type, value, checked],
        ),
      )
  const steps = ['source', 'target', 'scope', 'options'] as const
  const kept: Record<string, unknown> = {}
  let profile: string
  {
    await using served = await startServed(0, home.path)
    await using console = await shared.open(served)
    const { page } = console
    const walk = walkMigration(page)
    await walk.openWizard()
    await walk.enterBothSides('Night move', sourceOf(scene), targetOf(scene))
    await page.getByRole('button', { name: 'Next: Scope' }).click()
    await page.getByLabel('Only these keys').fill('user:*\nuser-list:*')
    await page.getByLabel('Only these cluster slots').fill('0-16383')
    await walk.main.getByText('module', { exact: true }).click()
    await page.getByLabel('Prefix to put before').fill('new:')
    await walk.main.getByText('Map them', { exact: true }).click()
    await page.getByLabel('From database : into database').fill('0:13, 1:14')
    await page.getByRole('button', { name: 'Next: Options' }).click()
    await walk.main.getByText('Key counts', { exact: true }).click()
    await walk.main.getByText('Leave it frozen').click()
    await page.getByLabel('Connections for changes').fill('7')
    await page.getByRole('button', { name: 'Next: Check' }).click()
    await page.getByRole('heading', { name: 'Is everything ready to cross?' }).waitFor()
    profile = new URL(page.url()).hash.split('/')[2] ?? ''
    for (const step of steps) kept[step] = await answersAt(page, served.origin, step)
  }
  await using served = await startServed(0, home.path)
  await using console = await shared.open(served)
  const { page } = console
  await page.getByRole('link', { name: 'Profiles' }).click()
  await page.getByRole('row', { name: 'Night move' }).getByRole('link', { name: 'Open' }).click()
  await page.getByText('Stored sealed').waitFor()
  for (const step of steps) expect(await answersAt(page, served.origin, step)).toEqual(kept[step])
  expect(JSON.stringify(kept)).toContain('"7"')
  expect(JSON.stringify(kept)).toContain('user-list:*')
  expect(JSON.stringify(kept)).toContain('0:13, 1:14')
  expect(JSON.stringify(kept)).not.toContain(scene.sourcePassword)
  await page.goto(`${served.origin}/#/profiles/${profile}/source`)
  await page.getByRole('button', { name: 'Test connection' }).click()
  await page.getByText('Connected to').waitFor()
  expect(console.complaints).toEqual([])

  async function answersAt(at: Page, origin: string, step: (typeof steps)[number]): Promise<unknown> {
    await at.goto(`${origin}/#/profiles/${profile}/${step}`)
    await at.getByRole('heading', { level: 1, name: titles[step] }).waitFor()
    return answers(at)
  }
})

const titles = {
  source: 'Where is the data now?',
  target: 'Where shall it go?',
  scope: 'What goes along, and as what?',
  options: 'How shall it be done?',
} as const

test.each([
  ['en', 'en-US', en],
  ['zh', 'zh-CN', zh],
  ['ko', 'ko-KR', ko],
] as const)(
  'with nothing but the keyboard, in %s: to the report, the window closed on the way, and once more',
  async (name, locale, words) => {
    await using served = await startServed()
    await using scene = await setMigrationScene(1_000)
    scene.startApplications()
    {
      await using console = await shared.open(served, { locale })
      const walk = walkMigration(console.page, words, keyboard)
      await walk.openWizard()
      await walk.enterBothSides('가게 商店', sourceOf(scene), targetOf(scene))
      await walk.keepOptions()
      await walk.acceptWarnings()
      await walk.start()
      await walk.untilInStep()
      expect(console.complaints).toEqual([])
    }
    await using console = await shared.open(served, { locale })
    const { page } = console
    const walk = walkMigration(page, words, keyboard)
    await walk.openTask('가게 商店')
    await walk.untilInStep()
    await walk.freeze(sourceOf(scene))
    expect(await walk.prove()).toBeGreaterThan(1_000)
    await walk.finish()
    expect(await scene.outcome()).toEqual(asPromised)

    await walk.openTask('가게 商店')
    const saved = page.waitForEvent('download')
    await walk.saveReport()
    const report = await saved
    const text = await readFile(await report.path(), 'utf8')
    expect(report.suggestedFilename()).toMatch(/^가게-商店-\d{4}-\d\d-\d\d\.html$/)
    expect(text.includes(`<html lang="${name}`)).toBe(true)
    expect(text.includes(scene.sourcePassword)).toBe(false)

    await scene.target.call('FLUSHALL')
    await walk.openProfile('가게 商店')
    await walk.acceptWarnings()
    await walk.start()
    await walk.untilInStep()
    expect(console.complaints).toEqual([])
  },
  180_000,
)

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'keyferry-home-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
