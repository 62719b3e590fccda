import { rm } from 'node:fs/promises'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rewrite, startWriting, taken } from '../support/aof.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import * as walk from '../support/restore-walk.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'

/** A person restores what a server wrote into its append-only file: looked at first, and proven after. */

const host = consoleForAllTests()
let target: RedisServer
let folder: string

beforeAll(async () => {
  target = await startRedis()
  await using source = await startWriting({ args: ['--aof-use-rdb-preamble', 'yes'] })
  await source.call('DEBUG', 'POPULATE', 500, 'user', 20)
  await source.call('SET', 'counter', 40)
  await source.call(
    'FUNCTION',
    'LOAD',
    "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
  )
  await rewrite(source)
  await source.call('INCR', 'counter')
  await source.call('INCR', 'counter')
  await source.call('RPUSH', 'queue', 'a', 'b', 'c')
  await source.call('LPOP', 'queue')
  folder = taken(source)
}, 60_000)

afterAll(async () => {
  await target.stop()
  await rm(folder, { recursive: true, force: true })
})

test('an append-only file: a dry run, the restore, and the comparison', async () => {
  await using opened = await host.open()
  const { page } = opened
  const main = (): Locator => page.getByRole('main')
  const says = (text: string): Promise<void> => main().getByText(text).first().waitFor()
  const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click()

  await target.call('SET', 'in the way', 1)
  await walk.walkToReview(page, folder, target)
  await press('Dry run')
  await says('target.not-empty')
  expect(await target.call('DBSIZE')).toBe(1)
  await target.call('FLUSHALL')
  await press('Dry run again')
  await says('Nothing stands in the way')
  const row = (name: string): Promise<string> => main().getByRole('row', { name }).first().innerText()
  expect(await row('INCR')).toMatch(/INCR\s+2/)
  expect(await row('RPUSH')).toMatch(/RPUSH\s+1/)
  expect(await row('function libraries')).toMatch(/1$/)
  expect(await target.call('DBSIZE')).toBe(0)

  await walk.start(page)
  await says('The whole file is in the target')
  expect(await target.call('GET', 'counter')).toBe('42')
  expect(await target.call('LRANGE', 'queue', 0, -1)).toEqual(['b', 'c'])

  await says('A redis-server on this machine loads the append-only file')
  await press('Compare')
  await says('The target holds what the file holds')
  await target.call('INCR', 'counter')
  await press('Compare again')
  await says('1 key differs')
  await page.getByRole('option', { name: 'counter' }).waitFor()
  expect(opened.complaints).toEqual([])
}, 60_000)
