import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fail } from '#contract/failure.ts'
import type { GuidedBackupView } from '#contract/guided-backup.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import { openStore, type Store } from '#store/open.ts'
import { freezeJournal, type FreezeRecord } from '../freeze/record.ts'
import { KeyBox } from '../secrets.ts'
import { TaskBook } from '../task-book.ts'
import { createGuidedBackups, type GuidedBackups } from './guided-backups.ts'
import { freezeNameOf } from './guided-book.ts'

let folder: string
let store: Store
let isFull: boolean

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-home-'))
  const whole = openStore(join(folder, 'keyferry.db'))
  isFull = false
  store = {
    ...whole,
    guidedBackups: {
      ...whole.guidedBackups,
      put: (row) => (isFull ? fail('store.disk-full', { folder }) : whole.guidedBackups.put(row)),
    },
  }
})

afterEach(() => {
  store[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Nobody listens at either side's port. */
const plan = {
  source: { host: '127.0.0.1', port: 1 },
  target: { host: '127.0.0.1', port: 2 },
  folder: '/tmp',
}

const boxOf = (): KeyBox => new KeyBox(join(folder, 'keyferry.key'))

async function withBackups(
  deed: (backups: GuidedBackups) => Promise<void>,
  box: KeyBox = boxOf(),
): Promise<void> {
  using book = new TaskBook(store)
  const jobs = createJobRunner(new URL('../../engine/worker/main.ts', import.meta.url))
  const services = { store, book, jobs, freezes: freezeJournal(store.journal, box) }
  await using backups = createGuidedBackups(services, box, folder)
  await deed(backups)
}

async function untilEnded(backups: GuidedBackups, id: string): Promise<GuidedBackupView | undefined> {
  for await (const answer of backups.watch(id, AbortSignal.timeout(20_000)))
    if ('ok' in answer && answer.ok.state !== 'running') return answer.ok
  return undefined
}

test('a step that fails while the disk is full ends with its reason told, and is done again once there is room', () =>
  withBackups(async (backups) => {
    const { id, state } = backups.create(plan)
    expect(state).toBe('running')
    isFull = true
    const refused = { state: 'waiting', step: 'look', failure: { code: 'connect.refused' } }
    expect(await untilEnded(backups, id)).toMatchObject(refused)

    isFull = false
    expect(backups.proceed(id, { step: 'look' })).toMatchObject({ state: 'running', failure: null })
    expect(await untilEnded(backups, id)).toMatchObject(refused)
    expect(store.guidedBackups.find(id)).toMatchObject({ ownerPid: null })
  }))

test('whoever watches one that is not there is told so', () =>
  withBackups(async (backups) => {
    const { value } = await backups.watch('nobody').next()
    expect(value).toMatchObject({ failed: { code: 'guided-backup.not-found' } })
  }))

test('one whose source is frozen is told, and goes on, however the key of its passwords is kept', async () => {
  const box = boxOf()
  let id = ''
  await withBackups(async (backups) => {
    ;({ id } = backups.create(plan))
    await untilEnded(backups, id)
    const frozenNow = { frozenAt: 5, signedOut: 2, nodes: [] } as Partial<FreezeRecord> as FreezeRecord
    freezeJournal(store.journal, box).write(freezeNameOf(id), frozenNow)
  }, box)
  box.keep({ keeping: 'passphrase', passphrase: 'three words and a number' })

  const locked = boxOf()
  await withBackups(async (backups) => {
    expect(backups.list()).toMatchObject([
      { id, frozen: { at: 5, signedOut: 2, byHand: false }, actions: ['proceed', 'unfreeze'] },
    ])
    await expect(backups.unfreeze(id)).rejects.toThrow('secret.locked')
    locked.unlock('three words and a number')
    expect(backups.proceed(id, { step: 'look' })).toMatchObject({ state: 'running' })
  }, locked)
})
