import { AxeBuilder } from '@axe-core/playwright'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { en } from '../../src-renderer/src/i18n/en.ts'
import type { ConsolePage } from '../support/browser.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'
import { startInProcessSsh, type InProcessSsh } from '../support/ssh-in-process.ts'
import { makeKey } from '../support/ssh-server.ts'

const password = 'bastion-geheim'
const host = consoleForAllTests()
let redis: RedisServer
let bastion: InProcessSsh
let folder: string
let console_: ConsolePage
let page: Page

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-way-'))
  makeKey(join(folder, 'host'), 'ed25519')
  ;[redis, bastion] = await Promise.all([
    startRedis(),
    startInProcessSsh({ hostKeys: [join(folder, 'host')], password, asks: 'password' }),
  ])
})

afterAll(async () => {
  await bastion[Symbol.asyncDispose]()
  await redis.stop()
  rmSync(folder, { recursive: true })
})

beforeEach(async () => {
  console_ = await host.open()
  page = console_.page
})

afterEach(async () => {
  expect(console_.complaints).toEqual([])
  await console_[Symbol.asyncDispose]()
})

const main = (): Locator => page.getByRole('main')
const field = (name: string): Locator => main().getByLabel(name, { exact: true })
const choose = (group: string, name: string): Promise<void> =>
  main().getByRole('group', { name: group, exact: true }).getByText(name, { exact: true }).click()

async function findings(): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} at ${target.join(' ')}`))
}

test('a server behind an SSH server: its key is looked at once, its password kept sealed', async () => {
  await main().getByRole('link', { name: en['door.live.action'] }).click()
  await field('Name of the migration').fill('through the bastion')
  await field('Host').fill('127.0.0.1')
  await field('Port').fill(String(redis.port))
  await choose('How it is reached', 'SSH tunnel')
  const hop = main().getByRole('group', { name: 'SSH server', exact: true })
  await page.getByRole('button', { name: 'Test connection' }).click()
  await hop.getByText('Name the host or its IP address').waitFor()
  await hop.getByLabel('Host', { exact: true }).fill('127.0.0.1')
  await hop.getByLabel('Port', { exact: true }).fill(String(bastion.port))
  await hop.getByLabel('SSH user').fill('ops')
  await hop.getByText('Password', { exact: true }).first().click()
  await hop.getByRole('textbox', { name: 'Password' }).fill(password)
  expect(await findings()).toEqual([])

  await page.getByRole('button', { name: 'Test connection' }).click()
  await page.getByRole('button', { name: 'Look at its key…' }).click()
  const dialog = page.getByRole('alertdialog')
  await dialog.getByText(fingerprint()).waitFor()
  expect(await findings()).toEqual([])
  await dialog.getByRole('button', { name: 'Yes, trust this key' }).click()
  await main().getByText(`Connected to 127.0.0.1:${redis.port}`).waitFor()
  await main().getByText(`ssh://ops@127.0.0.1:${bastion.port}`).waitFor()

  await page.getByRole('button', { name: 'Next: Target' }).click()
  await page.getByRole('heading', { level: 1, name: en['migration.target.title'] }).waitFor()
  await main().getByRole('link', { name: en['wizard.back'], exact: true }).click()
  await hop.getByText('Stored sealed').waitFor()
  await page.getByRole('button', { name: 'Test connection' }).click()
  await main().getByText(`Connected to 127.0.0.1:${redis.port}`).waitFor()
  for (const file of filesIn(host.served.home))
    expect(readFileSync(file).includes(password), file).toBe(false)

  // To another host the stored password does not go along.
  await hop.getByLabel('SSH user').fill('somebody')
  await hop.getByRole('textbox', { name: 'Password' }).waitFor()
})

function fingerprint(): string {
  return execFileSync('ssh-keygen', ['-lf', join(folder, 'host.pub')], { encoding: 'utf8' }).split(' ')[1]!
}

function filesIn(home: string): readonly string[] {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
