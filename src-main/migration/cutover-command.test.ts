import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStore, type Store } from '#store/open.ts'
import { tellCutover } from './cutover-command.ts'
import { TaskBook } from './task-book.ts'
import { keptStandingOf, newRecord } from './task-record.ts'

const source = { host: '10.0.0.4', port: 6379, password: 'the-old-secret' }
const target = { host: '10.0.0.5', port: 6380, password: 'the-new-secret' }

let folder: string
let store: Store
let book: TaskBook

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-home-'))
  store = openStore(join(folder, 'keyferry.db'))
  book = new TaskBook(store)
  book.add({
    id: 'one',
    profileId: 'p',
    name: 'shop',
    from: '',
    to: '',
    body: JSON.stringify({ source, target, options: {} }),
    sourceSecret: null,
    targetSecret: null,
    state: 'frozen',
    stateSince: 0,
    record: JSON.stringify(newRecord),
    standing: JSON.stringify(keptStandingOf(newRecord)),
    ownerPid: process.pid,
    ownerSeenAt: Date.now(),
    createdAt: 0,
  })
  book.hold('one')
})

afterEach(() => {
  book[Symbol.dispose]()
  store[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

const tell = (script: string, limitMs = 20_000): Promise<void> =>
  tellCutover({ book }, 'one', {
    words: [process.execPath, '-e', script],
    sources: [source],
    target,
    limitMs,
  })
const outcome = () => book.get('one').record.command!

test('it is told the addresses and no password, and is run once', async () => {
  process.env['KEYFERRY_SOURCE_PASSWORD'] = source.password
  await tell(`
    const { KEYFERRY_FROM, KEYFERRY_TO, KEYFERRY_TO_HOST, KEYFERRY_TO_PORT, KEYFERRY_PROFILE } = process.env
    console.log(KEYFERRY_FROM, KEYFERRY_TO, KEYFERRY_TO_HOST, KEYFERRY_TO_PORT, KEYFERRY_PROFILE)
    console.error(JSON.stringify(process.env).includes('secret'))`)
  delete process.env['KEYFERRY_SOURCE_PASSWORD']
  expect(outcome()).toMatchObject({ state: 'done', exitCode: 0 })
  expect(new Set(outcome().output)).toEqual(
    new Set(['10.0.0.4:6379 10.0.0.5:6380 10.0.0.5 6380 shop', 'false']),
  )
  const { endedAt } = outcome()
  await tell('process.exit(1)')
  expect(outcome().endedAt).toBe(endedAt)
})

test('what it says is kept to its last lines, without secrets', async () => {
  const failing = tell(`for (let n = 0; n < 100; n += 1) console.log('line ' + n)
    console.log('signs in with the-new-secret \\u001b[31m'); process.exitCode = 3`)
  await expect(failing).rejects.toMatchObject({ failure: { code: 'command.failed' } })
  const { state, exitCode, output } = outcome()
  expect({ state, exitCode }).toEqual({ state: 'failed', exitCode: 3 })
  expect(output).toHaveLength(20)
  expect(output.at(-1)).toBe('signs in with ••••• [31m')
})

test('it is ended, with whatever it has started, when it takes too long; a program that is not there is told', async () => {
  const late = tell(`require('node:child_process').spawnSync('sleep', ['600'], { stdio: 'inherit' })`, 300)
  await expect(late).rejects.toMatchObject({ failure: { params: { reason: 'no end within 0.3 s' } } })
  const missing = tellCutover({ book }, 'one', { words: [join(folder, 'none')], sources: [source], target })
  await expect(missing).rejects.toMatchObject({ failure: { params: { reason: 'ENOENT' } } })
})

test('where it was begun and nobody knows how it ended, it is run again only if that is said', async () => {
  await tell('0')
  book.change('one', { command: { ...outcome(), state: 'lost', exitCode: null } })
  await expect(tell('0')).rejects.toMatchObject({ failure: { code: 'command.lost' } })
  await tellCutover({ book }, 'one', {
    words: [process.execPath, '-e', '0'],
    sources: [source],
    target,
    again: true,
  })
  expect(outcome().state).toBe('done')
})
