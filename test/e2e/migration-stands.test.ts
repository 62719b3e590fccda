import { expect, test } from 'vitest'
import { walkMigration, type MigrationWalk, type Side } from '../support/migration-walk.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { startServed, type Served } from '../support/serve.ts'
import { browserForAllTests } from '../support/shared-browser.ts'
import { infoField } from '../support/sync-ends.ts'
import { startWriter } from '../support/writer.ts'
import type { ConsolePage } from '../support/browser.ts'

const shared = browserForAllTests()

/** Two servers with passwords, and a console. */
interface Stage extends AsyncDisposable {
  readonly source: RedisServer
  readonly target: RedisServer
  readonly served: Served
  readonly console: ConsolePage
  readonly walk: MigrationWalk
}

async function setStage(targetArgs: readonly string[] = []): Promise<Stage> {
  await using made = new AsyncDisposableStack()
  const source = made.use(await startRedis({ password: 'of the source', args: ['--appendonly', 'yes'] }))
  const target = made.use(
    await startRedis({ password: 'of the target', args: ['--appendonly', 'yes', ...targetArgs] }),
  )
  for (let key = 0; key < 500; key += 1) await source.call('SET', `user:${key}`, 'x'.repeat(1_000))
  const served = made.use(await startServed())
  const console = made.use(await shared.open(served))
  const all = made.move()
  const walk = walkMigration(console.page)
  return { source, target, served, console, walk, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

const sideOf = ({ port }: RedisServer, password: string): Side => ({ port, password })

async function intoTheWizard({ walk, source, target }: Stage, name: string): Promise<void> {
  await walk.openWizard()
  await walk.enterBothSides(name, sideOf(source, 'of the source'), sideOf(target, 'of the target'))
}

test('a task that stands claims no rate and no lag; what keeps it from going on is told where it stands', async () => {
  await using stage = await setStage(['--maxmemory', '64mb'])
  const { source, target, console, walk } = stage
  const { main } = walk
  const writer = startWriter({ port: source.port, password: 'of the source', rate: 500, comesBack: true })
  try {
    await intoTheWizard(stage, 'Shop cache')
    await walk.keepOptions()
    await walk.acceptWarnings()
    await walk.start()
    await walk.untilInStep()
    const figure = (name: string): Promise<string> =>
      main.locator('dl > div', { hasText: name }).first().innerText()
    await expect.poll(() => figure('Writes applied'), { timeout: 20_000 }).toMatch(/[1-9]\d*\s*\/s/)
    await main.getByRole('button', { name: 'Pause', exact: true }).click()
    await main.getByText('Paused: nothing is read, and nothing is written.').waitFor()
    expect(await main.getByText('on the way').count()).toBe(0)
    expect(await figure('Writes applied')).not.toContain('/s')
    expect(await figure('Lag')).not.toMatch(/\d/)
    await main.getByText(/^as seen at \d/).waitFor()

    // Too small by now: what the check of a resume finds has to be read on this very page.
    const used = Number(infoField(target, 'memory', 'used_memory'))
    await target.call('CONFIG', 'SET', 'maxmemory', used + 100_000)
    await main.getByRole('button', { name: 'Resume', exact: true }).click()
    const failed = main.getByRole('region', { name: 'Checks that failed' })
    await failed.getByText('Memory of the target').waitFor()
    expect(await main.getByText('Nothing has been copied.').count()).toBe(0)
    const advised = (await failed.getByText(/^CONFIG SET maxmemory/).innerText()).split(' ')
    await target.call(advised[0]!, ...advised.slice(1))
    await main.getByRole('button', { name: 'Resume', exact: true }).click()
    await walk.untilInStep()
    expect(await failed.count()).toBe(0)
    expect(console.complaints).toEqual([])
  } finally {
    await writer.stop()
  }
}, 120_000)

test('a copy that would begin anew among keys from before says so, and goes on once they may go', async () => {
  await using stage = await setStage()
  const { source, target, walk } = stage
  const { main } = walk
  await target.call('SET', 'from before', '1')
  await intoTheWizard(stage, 'Over what is there')
  await main.getByRole('button', { name: 'Next: Scope' }).click()
  await main.getByRole('button', { name: 'Next: Options' }).click()
  await main.getByText('Overwrite', { exact: true }).click()
  await main.getByRole('button', { name: 'Next: Check' }).click()
  expect(await walk.acceptWarnings()).toBe(1)
  await main.getByRole('button', { name: 'Next: Review' }).click()
  const accepted = main.getByRole('region', { name: 'Accepted warnings' })
  await accepted.getByText('The target holds 1 key already.').waitFor()
  await main.getByRole('button', { name: 'Start…' }).click()
  const { page } = stage.console
  const asked = page.getByRole('alertdialog')
  await asked.getByRole('textbox').fill(`127.0.0.1:${target.port}`)
  await asked.getByRole('button', { name: 'Overwrite and start' }).click()
  await walk.untilInStep()

  await source.restart()
  await main
    .getByText(/^The source sends everything anew, and the target/)
    .first()
    .waitFor()
  await main.getByText('target.copied-before').waitFor()
  expect(await main.getByText('Nothing has been written to the target.').count()).toBe(0)
  expect(await target.call('GET', 'from before')).toBe('1')
  await target.call('FLUSHALL')
  await main.getByRole('button', { name: 'Resume', exact: true }).click()
  await walk.untilInStep()
  expect(await target.call('GET', 'user:7')).toBe('x'.repeat(1_000))
}, 120_000)

test('the memory that a check advises is enough, and a test of a connection stays true when it is saved', async () => {
  await using stage = await setStage(['--maxmemory', '2mb'])
  const { target, console, walk } = stage
  const { page } = console
  const { main } = walk
  await intoTheWizard(stage, 'Into a small one')
  await walk.keepOptions()
  const advice = main.getByText(/^CONFIG SET maxmemory/)
  const [name, ...args] = (await advice.innerText()).split(' ')
  await target.call(name!, ...args)
  await main.getByRole('button', { name: 'Run all again' }).click()
  await main.getByRole('button', { name: 'Next: Review', disabled: false }).waitFor()
  expect(await advice.count()).toBe(0)

  await page.getByRole('link', { name: /^Target/ }).click()
  await main.getByText(`Connected to 127.0.0.1:${target.port}`).waitFor()
  await main.getByText('Stored sealed').waitFor()
  expect(await main.getByText('The settings were changed since this test.').count()).toBe(0)
  await main.getByLabel('Port', { exact: true }).fill('6399')
  await main.getByText('The settings were changed since this test.').waitFor()
}, 60_000)

test('at the cutover a comparison that is not valid any more says so, and an aborted freeze is none', async () => {
  await using stage = await setStage()
  const { source, target, walk } = stage
  const { main } = walk
  await intoTheWizard(stage, 'Twice frozen')
  await walk.keepOptions()
  await walk.acceptWarnings()
  await walk.start()
  await walk.untilInStep()
  await walk.freeze(sideOf(source, 'of the source'))
  const leg = (name: string): ReturnType<typeof main.locator> => main.locator('li', { hasText: name })
  expect(await walk.prove()).toBe(500)
  const proof = leg('Prove that both sides are equal')
  // Who watches the target looks every second: what is written before the first look only a comparison finds.
  const isVoid = async (): Promise<number> => {
    await target.call('SET', 'user:7', 'by somebody else')
    return await proof.getByText('not valid any more').count()
  }
  await expect.poll(isVoid, { timeout: 30_000, interval: 500 }).toBe(1)
  await main.getByRole('button', { name: 'Prove again' }).click()
  await proof.getByText('1 key differs').waitFor()

  await main.getByRole('button', { name: 'Abort and put everything back' }).click()
  await main.getByText('See what will be done…').waitFor()
  expect(await main.getByText('Password changed').count()).toBe(0)
  await proof.getByText('Key counts and values, both ways').waitFor()
}, 120_000)

test('what a start finds and its check had not is said on the page, with the way to it', async () => {
  await using stage = await setStage()
  const { target, walk } = stage
  const { main } = walk
  await intoTheWizard(stage, 'Not any more')
  await walk.keepOptions()
  expect(await walk.acceptWarnings()).toBe(0)
  await target.call('CONFIG', 'SET', 'appendonly', 'no')
  await walk.start()
  await main.getByText('The checks gave warnings that nobody has accepted yet.').waitFor()
  expect(await main.getByRole('button', { name: 'Save report' }).count()).toBe(0)
  await main.getByRole('link', { name: 'To check and start' }).click()
  expect(await walk.acceptWarnings()).toBe(1)
  await walk.start()
  await walk.untilInStep()
}, 90_000)

test('where one server of a source cannot be asked, nothing is said of who would be signed out', async () => {
  await using made = new AsyncDisposableStack()
  const source = made.use(await startCluster({ replicas: 1 }))
  const target = made.use(await startRedis())
  const served = made.use(await startServed())
  const { page } = made.use(await shared.open(served))
  const walk = walkMigration(page)
  const { main } = walk
  await walk.openWizard()
  const side = { port: source.nodes[0]!.port, password: '' }
  await walk.enterBothSides('A cluster', side, { port: target.port, password: '' })
  await walk.keepOptions()
  await walk.acceptWarnings()
  await walk.start()
  await walk.untilInStep()
  await source.nodes[5]!.kill9()
  await main.getByRole('link', { name: 'Cut over…' }).click()
  await main.getByRole('link', { name: 'See what will be done…' }).click()
  await main.getByText('freeze.node-unreachable').waitFor()
  expect(await main.getByText('Dry run: all allowed').count()).toBe(0)
  expect(await main.getByText('Who will be signed out').count()).toBe(0)
}, 90_000)
