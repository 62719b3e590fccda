import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createJobRunner } from '#engine/worker/pool.ts'
import { openMigrations } from '#migration/open.ts'
import { writeHistory } from '../support/long-history.ts'

const worker = new URL('../../src-main/engine/worker/main.ts', import.meta.url)
/** `KEYFERRY_LONG_HISTORY=full` for what years of work leave. */
const history =
  process.env['KEYFERRY_LONG_HISTORY'] === 'full'
    ? { profiles: 100, finished: 1_000, events: 1_000_000 }
    : { profiles: 20, finished: 200, events: 20_000 }
/** But for the newest task, which has the other half of all. */
const eventsOfEach = history.events / 2 / history.finished
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-history-'))
  writeHistory(folder, history)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Prints how long it took: what is slow on one machine is not on another, so nothing is asserted of it. */
async function timed<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  const since = performance.now()
  const result = await work()
  process.stdout.write(`${what}: ${(performance.now() - since).toFixed(1)} ms\n`)
  return result
}

it(`lists of ${history.profiles} profiles and ${history.finished} tasks with ${history.events} events`, async () => {
  const home = await timed('open', () => openMigrations({ folder, jobs: createJobRunner(worker) }))
  await using open = home
  const { profiles, tasks } = open

  expect(await timed('profiles', () => profiles.list())).toHaveLength(history.profiles)
  const board = await timed('board', () => tasks.board())
  expect(board).toMatchObject({ open: [], over: { count: history.finished } })
  const first = await timed('first page', () => tasks.past({ search: '', limit: 50, offset: 0 }))
  expect(first).toMatchObject({ count: history.finished })
  expect(first.tasks.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, at) => `t${at}`))
  const last = await timed('last page', () =>
    tasks.past({ search: '', limit: 50, offset: history.finished - 50 }),
  )
  expect(last.tasks.at(-1)?.id).toBe(`t${history.finished - 1}`)
  const found = await timed('search', () => tasks.past({ search: 'OLD-7.', limit: 50, offset: 0 }))
  expect(found.count).toBe(10)
  expect(new Set(found.tasks.map(({ from }) => from))).toEqual(new Set(['old-7.example:6379']))
  expect(await timed('all of them', () => tasks.list())).toHaveLength(history.finished)
  const task = await timed('one task', () => tasks.get('t100'))
  expect(task.events).toHaveLength(Math.min(50, eventsOfEach))
  const log = await timed('500 events', () => tasks.events('t100', undefined, 500))
  expect(log).toHaveLength(Math.min(500, eventsOfEach))
  expect(await timed('clear ten', () => tasks.clearHistory('old-7.'))).toBe(10)
  expect(tasks.board().over.count).toBe(history.finished - 10)
})
