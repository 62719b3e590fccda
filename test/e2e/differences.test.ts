import { readFile } from 'node:fs/promises'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openConsole, type ConsolePage } from '../support/browser.ts'
import { setRestoreScene } from '../support/restore-scene.ts'
import * as walk from '../support/restore-walk.ts'

/** So many keys differ; a list of them has to be as quick as a short one. */
const many = 100_000
const script = '<img src=x onerror="window.wasRun = true">'

let console_: ConsolePage
let page: Page

const scene = await setRestoreScene()
const { browser, saved, served, source, target } = scene

beforeAll(async () => {
  console_ = await openConsole(browser, served)
  page = console_.page
}, 60_000)

afterAll(async () => {
  await scene[Symbol.asyncDispose]()
})

const browserOf = (): Locator => page.getByRole('region', { name: 'Differences' })
const listed = (name: string | RegExp): Locator => browserOf().getByRole('option', { name })
const side = (name: 'Backup' | 'Target'): Locator => browserOf().getByRole('group', { name, exact: true })
const marksOf = (name: 'Backup' | 'Target'): Promise<string[]> => side(name).locator('mark').allTextContents()

/** As long may a look at a key take on a loaded machine. */
const eventually = (check: () => Promise<void>): Promise<void> =>
  vi.waitFor(check, { timeout: 20_000, interval: 100 })

async function restoreAndChange(change: () => Promise<unknown>): Promise<void> {
  const path = await saved('dump.rdb')
  await walk.walkToReview(page, path, { port: target.port })
  await walk.start(page)
  await page.getByText('The whole file is in the target').waitFor({ timeout: 60_000 })
  await change()
  await page.getByRole('button', { name: 'Compare', exact: true }).click()
  await browserOf().waitFor({ timeout: 60_000 })
}

test('what differs is seen side by side, whatever its type, and nothing in it can do harm', async () => {
  await source.call('SET', 'cart', '{"sku":"A-1","qty":1}')
  await source.call('HSET', 'session', 'name', 'Kim', 'seen', '1', 'gone', 'x')
  await source.call('SET', script, script)
  await source.call('SET', Buffer.from([0x61, 0xff, 0xc3]), Buffer.from([0, 0xff, 0xfe]))
  await source.call('SET', 'evil\u202Egpj', 'abc\u202Etxt')
  await source.call('SET', 'large', Buffer.alloc(10_000_000, '<b>'))
  await source.call('SET', 'missing', '1')
  await restoreAndChange(async () => {
    await target.call('SET', 'cart', '{"sku":"A-1","qty":2}')
    await target.call('HSET', 'session', 'seen', '2')
    await target.call('HDEL', 'session', 'gone')
    await target.call('SET', script, `${script}!`)
    await target.call('SET', Buffer.from([0x61, 0xff, 0xc3]), Buffer.from([0, 0xff, 0xfd]))
    await target.call('SET', 'evil\u202Egpj', 'abc')
    await target.call('SETRANGE', 'large', 9_000_000, 'X')
    await target.call('DEL', 'missing')
  })

  await listed(/^cart/).click()
  await eventually(async () => expect(await marksOf('Target')).toEqual(['32', '2']))
  await browserOf().getByText('JSON', { exact: true }).click()
  await eventually(async () => expect(await marksOf('Backup')).toEqual(['  "qty": 1\n']))
  expect(await marksOf('Target')).toEqual(['  "qty": 2\n'])
  await browserOf().getByText('Text', { exact: true }).click()

  await listed(/^session/).click()
  const rows = browserOf().getByRole('row')
  await rows.filter({ hasText: 'gone' }).waitFor()
  expect(await rows.allInnerTexts()).toEqual([
    'Field\tBackup\tTarget',
    expect.stringMatching(/^(seen\t1\t2|gone\tx\tabsent)$/),
    expect.stringMatching(/^(seen\t1\t2|gone\tx\tabsent)$/),
  ])
  await browserOf().getByText('All', { exact: true }).click()
  await rows.filter({ hasText: 'Kim' }).waitFor()

  await listed(/^<img/).click()
  await eventually(async () => expect(await side('Target').innerText()).toBe(`${script}!`))
  await listed(/^a\\xff\\xc3/).click()
  await eventually(async () => expect(await side('Backup').innerText()).toBe('\\x00\\xff\\xfe'))
  await listed(/^evil\\xe2\\x80\\xaegpj/).click()
  await eventually(async () => expect(await side('Backup').innerText()).toBe('abc\\xe2\\x80\\xaetxt'))
  await listed(/^large/).click()
  await eventually(async () => expect(await marksOf('Target')).toEqual(['X']))
  await browserOf()
    .getByText(/^\d[\d,]* to \d[\d,]* of 9\.54 MiB$/)
    .waitFor()
  await listed(/^missing/).click()
  await browserOf().getByText('Not there').waitFor()

  expect(await page.evaluate(() => 'wasRun' in window)).toBe(false)
  expect(await page.locator('img').count()).toBe(0)

  const download = page.waitForEvent('download')
  await browserOf().getByRole('button', { name: 'As a table (CSV)' }).click()
  const csv = await readFile(await (await download).path(), 'utf8')
  expect(csv.split('\r\n')).toContain('0,session,value,field seen')
  expect(csv.split('\r\n').length).toBe(9)
}, 90_000)

test('a hundred thousand differences are scrolled, searched and walked through by keyboard at once', async () => {
  await Promise.all([source.call('FLUSHALL'), target.call('FLUSHALL')])
  await source.call('DEBUG', 'POPULATE', many, 'key', 10)
  await restoreAndChange(() => target.call('FLUSHALL'))
  const list = browserOf().getByRole('listbox')
  await browserOf().getByText('1 of 100,000').waitFor()
  await list.focus()
  await page.keyboard.press('End')
  await browserOf().getByText('100,000 of 100,000').waitFor()
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowDown')
  await browserOf().getByText('2 of 100,000').waitFor()

  // From end to end, a frame at a time, as a hand on the scroll bar does it.
  const frames = await list.evaluate(async (element) => {
    const taken: number[] = []
    for (let step = 0; step <= 120; step += 1) {
      const before = performance.now()
      element.scrollTop = ((element.scrollHeight - element.clientHeight) * step) / 120
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
      taken.push(performance.now() - before)
    }
    return taken.sort((a, b) => a - b)
  })
  const drawn = await browserOf().getByRole('option').count()
  console.log(
    `scrolled through ${many} differences: half of the frames in ${frames[60]!.toFixed(0)} ms, all in ${frames.at(-1)!.toFixed(0)} ms, ${drawn} rows drawn`,
  )
  expect(drawn).toBeLessThan(60)
  await list.getByRole('option').first().getByText(/^key:/).waitFor()

  await browserOf().getByRole('searchbox').fill('key:4242')
  await browserOf().getByText('1 of 11', { exact: true }).waitFor()
  await browserOf().getByRole('searchbox').fill('no such key')
  await browserOf().getByText('No difference like this').waitFor()
  expect(console_.complaints).toEqual([])
}, 120_000)
