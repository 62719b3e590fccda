import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { Ledger, noCounts } from './ledger.ts'
import { listInterrupted } from './interrupted-restores.ts'
import { isUnderWay, readJournal, RestoreJournal, type JournalEntry } from './restore-journal.ts'

let folder: string
let ledger: Ledger

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'keyferry-journal-')), 'restores')
  ledger = new Ledger({ offset: 0, sourceDb: 0 })
})

afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

const entry: JournalEntry = {
  format: 1,
  id: 'abc',
  run: 'r',
  inputs: ['dump.rdb'],
  identities: [],
  bytes: 1_000_000_000,
  target: 'host:6379',
  onConflict: 'fail',
  options: '',
  servers: {},
  ledger: { position: { offset: 0, sourceDb: 0 }, counts: noCounts(), sentOffset: 0, marks: [] },
  mayHaveSent: 0,
  unfinished: null,
  holder: null,
  startedAt: 1,
  updatedAt: 1,
}

function open(): Promise<RestoreJournal> {
  return RestoreJournal.open(folder, entry, () => ({
    servers: { one: 'run id' },
    ledger: ledger.state(),
    unfinished: null,
  }))
}

test('what is about to be sent is on disk before it is sent, and far enough ahead that hardly anybody waits', async () => {
  const journal = await open()
  expect(readdirSync(folder)).toEqual([])
  let waits = 0
  for (let offset = 100_000; offset < 400_000_000; offset += 100_000) {
    const waiting = journal.reach(offset)
    if (waiting !== undefined) waits += 1
    await waiting
    expect((await readJournal(folder, 'abc'))!.mayHaveSent).toBeGreaterThanOrEqual(offset)
  }
  expect(waits).toBeLessThan(30)
  await journal.remove()
  expect(readdirSync(folder)).toEqual([])
})

test('what is asked to be on disk at once is, as it stands by then', async () => {
  let unfinished: { db: number; key: string } | null = null
  const journal = await RestoreJournal.open(folder, entry, () => ({
    servers: {},
    ledger: ledger.state(),
    unfinished,
  }))
  await journal.reach(10)
  unfinished = { db: 3, key: 'a2V5' }
  expect(journal.reach(20)).toBeUndefined()
  expect((await readJournal(folder, 'abc'))!.unfinished).toBeNull()
  await journal.reach(20, 'at once')
  expect(await readJournal(folder, 'abc')).toMatchObject({ unfinished: { db: 3, key: 'a2V5' } })
  await journal.remove()
})

test('one that is left can be gone on with; one that somebody is at cannot; what is no journal is none', async () => {
  const journal = await open()
  await journal.reach(1)
  expect(await listInterrupted(folder)).toEqual([])
  const held = (await readJournal(folder, 'abc'))!
  expect(held.holder).toEqual({ host: hostname(), pid: process.pid })
  expect(isUnderWay(held)).toBe(true)
  // No process has this number: that one was killed.
  expect(isUnderWay({ ...held, holder: { host: hostname(), pid: 2 ** 22 + 1 } })).toBe(false)
  expect(isUnderWay({ ...held, updatedAt: Date.now() - 60_000 })).toBe(false)

  ledger.close(ledger.open({ offset: 500, sourceDb: 0 }, { ...noCounts(), written: 3 }), 1)
  await journal.leave()
  writeFileSync(join(folder, 'torn.restore.json'), '{"format":1,"id"')
  expect(await listInterrupted(folder)).toMatchObject([
    { inputs: ['dump.rdb'], target: 'host:6379', bytesDone: 500, bytesTotal: 1e9, keysWritten: 3 },
  ])
})

test('it is for its owner alone, and a folder that cannot be written to is told', async () => {
  const journal = await open()
  await journal.reach(1)
  const path = join(folder, 'abc.restore.json')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(readFileSync(path, 'utf8')).toContain('"servers":{"one":"run id"}')
  await journal.remove()

  writeFileSync(join(folder, 'a file'), '')
  const refused = RestoreJournal.open(join(folder, 'a file', 'restores'), entry, () => ({
    servers: {},
    ledger: ledger.state(),
    unfinished: null,
  }))
  await expect(refused).rejects.toThrow(FailureError)
  await expect(refused).rejects.toMatchObject({ failure: { code: 'store.unavailable' } })
})
