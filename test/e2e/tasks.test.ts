import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TaskSample } from '#contract/task.ts'
import { openStore } from '#store/open.ts'
import { dataFolderForEachTest } from '../support/data-folder.ts'
import { addProfile, addTask, writeHistory } from '../support/long-history.ts'
import { startServed } from '../support/serve.ts'
import { browserForAllTests } from '../support/shared-browser.ts'

const shared = browserForAllTests()
const home = dataFolderForEachTest()

const zone = 'Asia/Seoul'
const hour = 3_600_000
const sample: Omit<TaskSample, 'at'> = {
  keysPerSecond: 900,
  bytesPerSecond: 90_000,
  writesPerSecond: 300,
  lagBytes: 40,
  lagMs: 2,
  sourceKeys: 1_000,
  targetKeys: 800,
  sourceOps: 350,
}

test('armed tasks say when they start, and what has become of those that are not armed any more', async () => {
  {
    using store = openStore(join(home.path, 'keyferry.db'))
    for (let at = 0; at < 4; at += 1) addProfile(store, at)
    const tomorrow = { at: Date.now() + 24 * hour, zone }
    addTask(store, 0, 'armed', 'scheduled', { schedule: tomorrow })
    addTask(store, 1, 'edited', 'draft', { schedule: tomorrow })
    addTask(store, 2, 'passed', 'ready', { schedule: { at: Date.now() - 24 * hour, zone } })
    addTask(store, 3, 'plain', 'ready')
  }
  await using served = await startServed(0, home.path)
  await using console = await shared.open(served)
  const { page } = console
  const readings: string[] = []
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      if (String(payload).includes('/tasks/past')) readings.push(String(payload))
    }),
  )
  await page.goto(`${served.origin}/#/tasks`)
  await page.reload()
  const row = (name: string) => page.getByRole('row').filter({ hasText: name })

  const timed = page.getByRole('region', { name: 'Scheduled' })
  await timed.getByRole('row').nth(3).waitFor()
  expect(await row('Shop 0').innerText()).toMatch(/Armed[^]*GMT\+9[^]*in 23 h/)
  expect(await row('Shop 1').innerText()).toMatch(/Not armed[^]*Was[^]*Check again, then arm/)
  expect(await row('Shop 2').innerText()).toMatch(/Time has passed[^]*Can be started now/)
  await page.getByRole('region', { name: 'Not started' }).getByText('Shop 3').waitFor()

  await page.getByRole('link', { name: 'Shop 0' }).click()
  await page.getByText('by itself').waitFor()
  // Nothing has begun: neither side is held, and no step is being taken.
  const page_ = page.getByRole('main')
  await page_.getByText('Nothing has been changed on either side').waitFor()
  expect(await page_.getByText('takes writes from Keyferry only').count()).toBe(0)
  expect(await page_.getByRole('list', { name: 'Phases' }).locator('[aria-current=step]').count()).toBe(0)
  await page.getByRole('button', { name: 'Disarm' }).click()
  await page.getByText('It was to start at').waitFor()
  await page.getByText('It is not armed any more').waitFor()
  expect(await page_.getByText('edited or checked').count()).toBe(0)
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H1')

  await page.getByRole('link', { name: 'To review and start' }).click()
  await page.getByRole('button', { name: 'Schedule…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Time zone').selectOption('UTC')
  await dialog.getByLabel('Date and time').fill('2020-01-01T02:00')
  await dialog.getByText('This time is past.').waitFor()
  await dialog.getByLabel('Date and time').fill('2050-01-01T02:00')
  await dialog.getByRole('button', { name: 'Arm' }).click()
  await page.waitForURL(/#\/tasks$/)
  await expect.poll(() => row('Shop 0').innerText()).toMatch(/Armed[^]*2050[^]*2:00/)
  // What is over is read when the page opens and when something ends, not again and again.
  expect(readings.length).toBeLessThan(10)
  expect(console.complaints).toEqual([])
})

test('several are ticked and dealt with together, and a long history is read page by page', async () => {
  writeHistory(home.path, { profiles: 10, finished: 120, events: 0 })
  {
    using store = openStore(join(home.path, 'keyferry.db'))
    addTask(store, 0, 'one', 'ready')
    addTask(store, 1, 'two', 'paused', { startedAt: 5 })
  }
  await using served = await startServed(0, home.path)
  await using console = await shared.open(served)
  const { page } = console
  await page.goto(`${served.origin}/#/tasks`)
  const main = page.getByRole('main')
  const history = main.getByRole('region', { name: 'History' })

  await history.getByText('120').waitFor()
  await expect.poll(() => history.getByRole('row').count()).toBe(51)
  await main.getByRole('button', { name: 'Show 70 more' }).click()
  await expect.poll(() => history.getByRole('row').count()).toBe(101)
  await main.getByRole('searchbox').fill('OLD-3.')
  await expect.poll(() => history.getByRole('row').count()).toBe(13)

  await main.getByRole('region', { name: 'Not started' }).getByLabel('Choose Shop 0').check()
  await history.getByLabel('Choose Shop 3').first().check()
  await main.getByText('2 chosen').waitFor()
  await main.getByRole('button', { name: 'Remove (2)…' }).click()
  await page.getByRole('button', { name: 'Remove 2 tasks' }).click()
  await expect.poll(() => history.getByRole('row').count()).toBe(12)
  await expect.poll(() => main.getByRole('region', { name: 'Not started' }).count()).toBe(0)

  await main.getByLabel('Choose Shop 1').first().check()
  await main.getByRole('button', { name: 'Stop (1)…' }).waitFor()
  await main.getByRole('button', { name: 'Choose none' }).click()
  await main.getByRole('button', { name: 'Clear history…' }).click()
  await page.getByRole('button', { name: 'Clear', exact: true }).click()
  await main.getByText('Nothing in the history matches.').waitFor()
  await main.getByRole('searchbox').fill('')
  await history.getByText('108').waitFor()
  expect(console.complaints).toEqual([])
})

test('plots are drawn in the colours that are seen, and in others as soon as the system shows others', async () => {
  {
    using store = openStore(join(home.path, 'keyferry.db'))
    const now = Date.now()
    addProfile(store, 0)
    addTask(store, 0, 'done', 'finished', { startedAt: now - hour, endedAt: now })
    for (const at of [now - 2_000, now - 1_000]) store.samples.add('done', { ...sample, at })
  }
  await using served = await startServed(0, home.path)
  await using console = await shared.open(served, { colorScheme: 'light' })
  const { page } = console
  await page.goto(`${served.origin}/#/tasks/done`)
  const canvas = page.locator('main canvas').first()
  await canvas.waitFor()
  const drawn = (): Promise<string> => canvas.evaluate((plot: HTMLCanvasElement) => plot.toDataURL())
  const pictures = new Set<string>()
  for (const media of [{}, { colorScheme: 'dark' }, { forcedColors: 'active' }] as const) {
    await page.emulateMedia(media)
    await expect.poll(async () => pictures.has(await drawn())).toBe(false)
    pictures.add(await drawn())
  }
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' })
  await expect.poll(async () => [...pictures].indexOf(await drawn())).toBe(0)
})
