import type { Locator, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { walkMigration } from '../support/migration-walk.ts'
import { startRedis } from '../support/redis-server.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'

const secrets = { source: 'old secret of the source', target: 'the target’s own' }

const host = consoleForAllTests()

/** Counts what a page asks the host for, by the name of the procedure. */
function countCalls(page: Page): (procedure: string) => number {
  const calls: string[] = []
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      const { p: call } = JSON.parse(payload.toString()) as { readonly p?: { readonly u: string } }
      if (call !== undefined) calls.push(call.u)
    }),
  )
  return (procedure) => calls.filter((called) => called === procedure).length
}

const start = (page: Page): Locator => page.getByRole('button', { name: 'Start the migration' })
const alerts = (page: Page): Promise<number> => page.getByRole('main').getByRole('alert').count()

test('three consoles at one migration: the same pressed in two is done once, and no edit is lost unsaid', async () => {
  await using source = await startRedis({ password: secrets.source })
  await using target = await startRedis({ password: secrets.target })
  await source.call('DEBUG', 'POPULATE', 500, 'key', 20)
  await using one = await host.open()
  await using other = await host.open()
  await using third = await host.open()
  const pages = [one.page, other.page]
  const callsOfOne = countCalls(one.page)
  const [walk, otherWalk] = [walkMigration(one.page), walkMigration(other.page)]
  await one.page.goto(`${host.served.origin}/#/`)
  await walk.openWizard()
  await walk.enterBothSides(
    'Night move',
    { port: source.port, password: secrets.source },
    { port: target.port, password: secrets.target },
  )
  await one.page.getByRole('button', { name: 'Next: Scope' }).click()
  await one.page.getByRole('button', { name: 'Next: Options' }).click()
  await one.page.getByRole('heading', { level: 1, name: 'How shall it be done?' }).waitFor()
  const options = one.page.url()
  await other.page.goto(options)
  await other.page.getByRole('heading', { level: 1, name: 'How shall it be done?' }).waitFor()

  await third.page.goto(options.replace(/options$/, 'source'))
  const name = third.page.getByLabel('Name of the migration')
  await expect.poll(() => name.inputValue()).toBe('Night move')

  // All have it open, and change it, each at another step.
  await one.page.getByText('Leave it frozen', { exact: true }).click()
  await other.page.getByText('Key counts', { exact: true }).click()
  await name.fill('Day move')
  await one.page.getByRole('button', { name: 'Next: Check' }).click()
  await one.page.getByRole('heading', { level: 1, name: 'Is everything ready to cross?' }).waitFor()
  await other.page.getByRole('button', { name: 'Next: Check' }).click()
  const conflict = other.page.getByRole('alertdialog', { name: 'Somebody else has changed this profile' })
  await conflict.getByRole('button', { name: 'Keep mine as a copy' }).click()
  await other.page.getByRole('heading', { level: 1, name: 'Is everything ready to cross?' }).waitFor()
  await other.page.getByText('Night move (copy)').first().waitFor()
  await third.page.getByRole('button', { name: 'Next: Target' }).click()
  const told = third.page.getByRole('alertdialog', { name: 'Somebody else has changed this profile' })
  await told.getByRole('button', { name: 'Drop mine, show the newer one' }).click()
  await expect.poll(() => name.inputValue()).toBe('Night move')
  await third.page.goto(`${host.served.origin}/#/tasks`)

  // Both come to the checks of one profile: they are made once, and shown in both.
  const checks = options.replace(/options$/, 'check')
  await Promise.all(pages.map((page) => page.goto('about:blank').then(() => page.goto(checks))))
  await walk.acceptWarnings()
  await otherWalk.acceptWarnings()
  expect(await Promise.all(pages.map(alerts))).toEqual([0, 0])
  for (const page of pages) {
    await page.getByRole('button', { name: 'Next: Review' }).click()
    await page.getByRole('button', { name: 'Start the migration' }).waitFor()
  }
  await Promise.all(
    pages.map((page) => page.getByRole('button', { name: 'Start the migration' }).click({ force: true })),
  )
  for (const page of pages) await page.waitForURL(/#\/tasks\//)
  expect(one.page.url()).toBe(other.page.url())
  await walk.untilInStep()
  await otherWalk.untilInStep()
  await third.page.getByRole('main').getByText('Night move', { exact: true }).first().waitFor()

  // A page subscribes once to the task it shows, however many points its plots get.
  const [watched, polled] = ['/tasks/watch', '/tasks/history'].map((name) => callsOfOne(name))
  await expect.poll(() => callsOfOne('/tasks/history'), { timeout: 60_000 }).toBeGreaterThan(polled! + 3)
  expect(callsOfOne('/tasks/watch')).toBe(watched)

  // What one does the other sees.
  await one.page.getByRole('button', { name: 'Pause', exact: true }).click()
  await other.page.getByRole('button', { name: 'Resume', exact: true }).click()
  await walk.untilInStep()
  expect(await Promise.all(pages.map(alerts))).toEqual([0, 0])

  const address = `127.0.0.1:${source.port}`
  for (const page of pages) {
    await page.goto(page.url().replace(/(\/freeze)?$/, '/freeze'))
    await page.getByRole('heading', { level: 1, name: `Freeze writes on ${address}` }).waitFor()
    await page.getByRole('main').getByRole('textbox').fill(address)
  }
  const deeds = pages.map((page) =>
    page.getByRole('main').getByRole('button', { name: 'Freeze writes now', disabled: false }),
  )
  for (const deed of deeds) await deed.waitFor()
  // The second may find that it cannot be pressed any more, which is as good.
  const [deed, again] = deeds
  await Promise.all([deed?.click(), again?.click({ timeout: 2_000 }).catch(() => undefined)])
  for (const page of pages) {
    await page.getByRole('heading', { level: 1, name: 'Cut over' }).waitFor()
    expect(await alerts(page)).toBe(0)
  }
  await one.page.getByRole('button', { name: 'Compare', exact: false }).first().click()
  await otherWalk.main.getByText('Equal: 500 keys').waitFor({ timeout: 60_000 })
  await other.page.getByRole('button', { name: 'Abort and put everything back' }).click()
  await walk.main.getByRole('link', { name: 'See what will be done…' }).waitFor({ timeout: 60_000 })
  expect([...one.complaints, ...other.complaints, ...third.complaints]).toEqual([])
})

test('what is reviewed is what is kept: an edit on the way past the steps, and what another console has made of the plan', async () => {
  await using source = await startRedis({ password: secrets.source })
  await using target = await startRedis({ password: secrets.target })
  await using one = await host.open()
  await using other = await host.open()
  const walk = walkMigration(one.page)
  await one.page.goto(`${host.served.origin}/#/`)
  await walk.openWizard()
  await walk.enterBothSides(
    'Dawn move',
    { port: source.port, password: secrets.source },
    { port: target.port, password: secrets.target },
  )
  await walk.keepOptions()
  await walk.acceptWarnings()
  await one.page.getByRole('button', { name: 'Next: Review' }).click()
  await start(one.page).waitFor()
  const review = one.page.url()
  await other.page.goto(review)
  await other.page.getByText(/put back as they were, byte for byte/).waitFor()

  // Nothing but the steps' own links leads from here to the review.
  await one.page.goto(review.replace(/review$/, 'options'))
  await one.page.getByText('Leave it frozen', { exact: true }).click()
  await one.page.getByRole('link', { name: /Review/ }).click()
  await one.page.getByRole('heading', { level: 1, name: 'Is everything ready to cross?' }).waitFor()
  await walk.acceptWarnings()
  await one.page.getByRole('button', { name: 'Next: Review' }).click()
  for (const { page } of [one, other]) {
    await page.getByText('Forgotten clients cannot go on').waitFor()
    await start(page).waitFor()
  }
  await start(other.page).click()
  await other.page.waitForURL(/#\/tasks\//)
  expect([...one.complaints, ...other.complaints]).toEqual([])
}, 120_000)
