import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, afterEach, expect, onTestFinished, test } from 'vitest'
import { openConsole, type ConsolePage } from '../support/browser.ts'
import { setRestoreScene } from '../support/restore-scene.ts'
import * as walk from '../support/restore-walk.ts'

/** What a person chooses on the way: several backups, which keys, their names, how fast; and what is proven after. */

const users = 30_000

let first: string
let second: string
let console_: ConsolePage
let page: Page

const scene = await setRestoreScene()
const { browser, folder, saved, served, source, target } = scene

beforeAll(async () => {
  await source.call('DEBUG', 'POPULATE', users, 'user', 20)
  await source.call('MSET', 'tmp:1', 'x', 'tmp:2', 'y')
  await source.call('SELECT', 3)
  await source.call('RPUSH', 'order:1', 'a', 'b')
  await source.call('SET', 'order:note', 'by hand')
  first = await saved('first.rdb')
  await source.call('FLUSHALL')
  await source.call('SELECT', 0)
  await source.call('SET', 'cart:<b>"1"</b>', 'full')
  await source.call('SET', 'cart:2', 'empty', 'EX', 6_000)
  second = await saved('second.rdb')
}, 60_000)

afterAll(async () => {
  await scene[Symbol.asyncDispose]()
})

beforeEach(async () => {
  await target.call('FLUSHALL')
  console_ = await openConsole(browser, served)
  page = console_.page
})

afterEach(async () => {
  await console_[Symbol.asyncDispose]()
})

const main = (): Locator => page.getByRole('main')
const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click()
const says = (text: string | RegExp): Promise<void> => main().getByText(text).first().waitFor()

/** To the scope step, with both backups and a target that has been looked at. */
async function toScope(): Promise<void> {
  await walk.openWizard(page)
  await walk.readFileAt(page, first)
  await walk.readFileAt(page, second)
  await says('2 backups, all into the one target')
  await walk.next(page, 'Target')
  await walk.enterTarget(page, target)
  await walk.testConnection(page)
  await walk.next(page, 'Scope')
}

async function toReview(): Promise<void> {
  await walk.next(page, 'Options')
  await walk.next(page, 'Review')
}

test('two backups, some of their keys under new names, held back, paused, and proven', async () => {
  await toScope()
  await says('30,006 keys')
  await page.getByLabel('list').uncheck()
  await page.getByLabel('Leave these out').fill('tmp:*')
  await page.getByLabel('Prefix to put before').fill('new:')
  await page.getByLabel('Prefix by database').fill('3:d3:')
  await page.getByText('All into one', { exact: true }).click()
  await page.getByText('Set anew', { exact: true }).click()
  await page.getByLabel('How long').fill('2')
  await walk.next(page, 'Options')
  await page.getByLabel('Keys per second').fill('2000')
  await walk.next(page, 'Review')
  await says('new: is put before.')
  await says('Keys that expire live 2 days from the moment they are written.')
  await walk.start(page)

  await says('Held back by the limit on keys.')
  await press('Pause')
  await says('Nothing is written until you go on.')
  const whilePaused = await target.call('DBSIZE')
  await delay(600)
  expect(await target.call('DBSIZE')).toBe(whilePaused)
  // A paused one is a while old nevertheless; to stop it is not the only other thing to do.
  const since = main().getByText(/, since \d\d:\d\d:\d\d$/)
  const age = await since.innerText()
  await expect.poll(() => since.innerText()).not.toBe(age)
  await press('Stop…')
  await press('Leave it paused')
  await says('Nothing is written until you go on.')
  await press('Limits…')
  await page.getByRole('dialog').getByLabel('Keys per second').fill('')
  await press('Set the limits')
  await press('Go on')
  await says('The whole file is in the target')

  expect(await target.call('DBSIZE')).toBe(users + 3)
  expect(await target.call('GET', 'new:d3:order:note')).toBe('by hand')
  expect(await target.call('GET', 'new:cart:<b>"1"</b>')).toBe('full')
  expect(Number(await target.call('TTL', 'new:cart:2'))).toBeGreaterThan(170_000)
  expect(await target.call('EXISTS', 'new:d3:order:1', 'new:tmp:1')).toBe(0)
  await page.getByRole('cell', { name: second, exact: true }).waitFor()

  await press('Compare')
  await says('The target holds what the file holds')
  await target.call('SET', 'new:user:1', 'changed by somebody')
  await press('Compare again')
  await says('1 key differs')
  await page.getByRole('option', { name: 'new:user:1' }).waitFor()
  await press('Repair…')
  const deed = page.getByRole('button', { name: 'Repair the target' })
  expect(await deed.isDisabled()).toBe(true)
  await page.getByRole('alertdialog').getByRole('textbox').fill(`127.0.0.1:${target.port}`)
  await deed.click()
  await says('1 written again, 0 deleted; all compared once more.')

  expect(await target.call('GET', 'new:user:1')).not.toBe('changed by somebody')
  expect(console_.complaints).toEqual([])
}, 60_000)

test('a dry run tells what becomes of every key, and writes nothing', async () => {
  await target.call('DEBUG', 'POPULATE', users / 2, 'new:user', 20)
  await target.call('SET', 'user:7', 'mine')
  await toScope()
  await page.getByLabel('Leave these out').fill('tmp:*')
  await page.getByLabel('Prefix to put before').fill('new:')
  await toReview()
  await press('Dry run')
  await says('target.not-empty')
  const row = (name: string): Promise<string> => main().getByRole('row', { name }).first().innerText()

  expect(await row('like a pattern to leave out')).toMatch(/2$/)
  expect(await row('of those written, with a new name')).toMatch(/30,004$/)
  expect(await row('list')).toMatch(/1$/)
  await page
    .getByRole('group', { name: 'A sample of the keys' })
    .getByText(/→ new:user:/)
    .first()
    .waitFor()
  // It would be refused: nothing of it is kept, or written.
  await main().getByRole('cell', { name: 'is there already' }).first().waitFor()
  expect(await target.call('DBSIZE')).toBe(users / 2 + 1)

  await page.getByRole('link', { name: 'Change Keys already there' }).click()
  await page.getByText('Keep the target’s', { exact: true }).click()
  await walk.next(page, 'Review')
  await says('The plan was changed since this dry run.')
  await press('Dry run again')
  await says('Nothing stands in the way')
  await says('They stay as they are.')
  expect(console_.complaints).toEqual([])
}, 60_000)

test('one that was stopped goes on where it was, from its page or, later, from the list', async () => {
  await walk.walkToReview(page, first, target)
  await page.getByRole('link', { name: 'Change Speed' }).click()
  await page.getByLabel('Keys per second').fill('2000')
  await walk.next(page, 'Review')
  await walk.start(page)
  await says('Held back by the limit on keys.')
  await press('Stop…')
  await press('Stop the restore')
  await says('Stopped by a person')
  const before = Number(await target.call('DBSIZE'))
  await page.getByRole('link', { name: 'Restores' }).first().click()
  await page.getByRole('button', { name: 'Go on…' }).click()
  await walk.heading(page, 'The plan, once more')
  await says(/It goes on where it stopped, at \d+/)
  // Its own keys are in the target: they stand in nobody's way.
  await says('If one is found that it has not written itself, nothing more is written.')
  expect(await page.getByRole('button', { name: 'Dry run' }).count()).toBe(0)
  await page.getByRole('link', { name: 'Close', exact: true }).click()
  await main().getByRole('link', { name: 'first.rdb', exact: true }).click()
  await press('Go on with it')
  await says(/Gone on with where an earlier run had stopped/)
  await press('Limits…')
  await page.getByRole('dialog').getByLabel('Keys per second').fill('')
  await press('Set the limits')
  await says('The whole file is in the target')
  await says(/keys of them were written before it was interrupted\.$/)

  expect(before).toBeGreaterThan(0)
  expect(await target.call('INFO', 'keyspace')).toMatch(`db0:keys=${users + 2}`)
  expect(console_.complaints).toEqual([])
}, 60_000)

test('what cannot be meant is told at the field, and leads no further', async () => {
  await toScope()
  await page.getByLabel('db 0').uncheck()
  await page.getByLabel('db 3').uncheck()
  await page.getByLabel('Only these cluster slots').fill('5-1')
  await page.getByLabel('Prefix by database').fill('three:')
  await walk.next(page, 'Options')

  await says('Tick at least one database')
  await says('Slots are numbers from 0 to 16383, ranges lower end first')
  await says('Write lines such as 3:orders:, each database once')
  await page.getByLabel('db 3').check()
  await says('2 keys')
  await page.getByLabel('Only these cluster slots').fill('')
  await page.getByLabel('Prefix by database').fill('0:zero:')
  await walk.next(page, 'Options')
  await says('A database with a prefix is left out above')
  await page.getByLabel('Prefix by database').fill('')
  await walk.next(page, 'Options')
  await walk.heading(page, 'How shall it be written?')
})

test('a backup named by its address is fetched when the restore starts; its secrets are shown nowhere', async () => {
  await walk.openWizard(page)
  await page.getByLabel('Or its path').fill(`http://me:secret-word@127.0.0.1:9/dump.rdb?sig=secret-word`)
  await press('Read the file')
  await says('Fetched when the restore starts')
  await walk.next(page, 'Target')
  await walk.enterTarget(page, target)
  await walk.next(page, 'Scope')
  await says('Known once the backup has been fetched')
  await toReview()
  await walk.start(page)
  await says('Failed')

  expect(await page.content()).not.toContain('secret-word')
  expect(served.output()).not.toContain('secret-word')
}, 60_000)

test('a failure leads to what it means; help opens by key, and all failures can be searched', async () => {
  await walk.openWizard(page)
  await walk.readFileAt(page, join(folder, 'nowhere.rdb'))
  await press('file.not-found')
  const about = page.getByRole('dialog', { name: 'About this failure' })
  await about.getByText('Does not help until the cause is mended.').waitFor()
  await page.keyboard.press('Escape')

  await page.keyboard.press('F1')
  await page.getByRole('dialog', { name: 'Help' }).getByText('Name one or more backups.').waitFor()
  await page.getByRole('link', { name: 'All failures and what to do' }).click()
  await walk.heading(page, 'All failures and what to do')
  await page.getByLabel('Code or words').fill('memory target')
  await says('target.out-of-memory')
  expect(await main().getByText('file.not-found').count()).toBe(0)
  await page.getByLabel('Code or words').press('?')
  expect(await page.getByRole('dialog').count()).toBe(0)
  await main().getByRole('heading', { level: 1 }).focus()
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Help' }).waitFor()
  expect(console_.complaints).toEqual([])
})

test('a dry run can be ended, and ends when the restore is started', async () => {
  await walk.walkToReview(page, first, target)
  process.kill(target.pid, 'SIGSTOP')
  onTestFinished(() => void process.kill(target.pid, 'SIGCONT'))
  await press('Dry run')
  await says('Looking at the target')
  await press('Cancel')
  await says('Nothing is written.')
  expect(await main().getByText('Looking at the target').count()).toBe(0)
  await press('Dry run')
  await says('Looking at the target')
  await walk.start(page)
  process.kill(target.pid, 'SIGCONT')
  await says('The whole file is in the target')
  expect(console_.complaints).toEqual([])
}, 60_000)
