import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { CheckResult } from '#contract/precheck.ts'
import { openStore, type Store } from '#store/open.ts'
import { TaskBook } from './task-book.ts'
import { keptStandingOf, newRecord, type TaskRecord } from './task-record.ts'

let folder: string
let store: Store
let book: TaskBook

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
  folder = mkdtempSync(join(tmpdir(), 'keyferry-home-'))
  store = openStore(join(folder, 'keyferry.db'))
  book = new TaskBook(store)
  book.add({
    id: 'one',
    profileId: 'p',
    name: 'shop',
    from: '',
    to: '',
    body: JSON.stringify({ source: {}, target: {}, options: {} }),
    sourceSecret: null,
    targetSecret: null,
    state: 'checking',
    stateSince: 0,
    record: JSON.stringify(newRecord),
    standing: JSON.stringify(keptStandingOf(newRecord)),
    ownerPid: null,
    ownerSeenAt: null,
    createdAt: 0,
  })
  book.hold('one')
})

afterEach(() => {
  vi.useRealTimers()
  book[Symbol.dispose]()
  store[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

const onDisk = (): TaskRecord['checks'] => (JSON.parse(store.tasks.find('one')!.record) as TaskRecord).checks

test('of checks under way their beginning and their end are on disk at once, what lies between every two seconds', () => {
  const results: CheckResult[] = []
  const say = (running: boolean): void => book.change('one', { checks: { ranAt: 1, running, results } })
  say(true)
  expect(onDisk()).toMatchObject({ running: true, results: [] })
  results.push({ id: 'source.reachable', state: 'passed' } as unknown as CheckResult)
  say(true)
  expect(onDisk()).toMatchObject({ running: true, results: [] })
  expect(book.get('one').record.checks).toMatchObject({ results: [{ state: 'passed' }] })
  vi.setSystemTime(Date.now() + 2_500)
  say(true)
  expect(onDisk()).toMatchObject({ running: true, results: [{ state: 'passed' }] })
  say(false)
  expect(onDisk()).toMatchObject({ running: false })
})

test('who watches a task that is over hears that it was removed', async () => {
  const side = { host: 'shop', port: 6379 }
  const body = JSON.stringify({ source: side, target: side, options: {} })
  book.add({ ...store.tasks.find('one')!, id: 'two', body, state: 'stopped', ownerPid: null })
  const watching = book.watch('two', AbortSignal.timeout(10_000))
  expect((await watching.next()).value).toMatchObject({ ok: { state: 'stopped' } })
  const next = watching.next()
  // By whatever process.
  using other = openStore(join(folder, 'keyferry.db'))
  other.tasks.remove('two')
  expect((await next).value).toMatchObject({ failed: { code: 'task.not-found' } })
  expect((await watching.next()).done).toBe(true)
})
