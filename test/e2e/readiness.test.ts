import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findings } from '../support/axe.ts'
import { startRedis } from '../support/redis-server.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'

const host = consoleForAllTests()

test('readiness for a cluster: seen with MONITOR while it goes on, told with keys and advice, saved as a file', async () => {
  await using server = await startRedis()
  await using console = await host.open()
  const { page } = console
  const main = page.getByRole('main')
  await page.goto(`${host.served.origin}/#/profiles`)
  await main.getByRole('link', { name: 'Are the applications ready for a cluster?' }).click()
  await main.getByText('Everything it is asked (MONITOR)').click()
  await main.getByRole('button', { name: 'Look', exact: true }).click()
  await main.getByText('Name the server’s host or IP address').first().waitFor()
  expect(await findings(page)).toEqual([])
  await main.getByLabel('Host', { exact: true }).fill('127.0.0.1')
  await main.getByLabel('Port', { exact: true }).fill(String(server.port))
  await main.getByLabel('For how many seconds').fill('3600')
  await main.getByRole('button', { name: 'Look', exact: true }).click()
  // As long as nobody watches, nothing is asked: it has begun when MONITOR is seen.
  const isWatched = async (): Promise<boolean> =>
    String(await server.call('CLIENT', 'LIST')).includes('name=keyferry:readiness')
  await expect.poll(isWatched, { timeout: 20_000 }).toBe(true)
  await main.getByRole('button', { name: 'Stop looking' }).click()
  await expect.poll(isWatched, { timeout: 20_000 }).toBe(false)

  await main.getByLabel('For how many seconds').fill('3')
  await main.getByRole('button', { name: 'Look', exact: true }).click()
  const asking = setInterval(() => void server.call('MSET', 'cart:1', 1, 'user:7', 2), 20)
  await main.getByText('Case 3').waitFor({ timeout: 30_000 })
  clearInterval(asking)
  // The keyboard has stayed where it was.
  expect(await page.locator(':focus').innerText()).toBe('Look again')
  const row = main.getByRole('row', { name: 'MSET' })
  expect(await row.innerText()).toMatch(/cart:1[^]*user:7[^]*different slots[^]*one for each key/)
  expect(await findings(page)).toEqual([])
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    main.getByRole('button', { name: 'Save as a file' }).click(),
  ])
  expect(JSON.parse(readFileSync(await download.path(), 'utf8'))).toMatchObject({
    from: 'monitor',
    case: 3,
    findings: expect.arrayContaining([expect.objectContaining({ name: 'MSET', advice: 'split' })]),
  })
  expect(console.complaints).toEqual([])
})
