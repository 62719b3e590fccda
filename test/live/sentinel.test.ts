import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openControl } from '../../src-main/engine/redis/control.ts'
import { resolve } from '../../src-main/engine/redis/dial.ts'
import { Link } from '../../src-main/engine/resp/link.ts'
import { startRedis } from '../support/redis-server.ts'
import { startCli } from '../support/run-cli.ts'
import { startWatched } from '../support/sentinels.ts'
import { hasSshd, startSshServer, viaSsh } from '../support/ssh-server.ts'
import { compareAll, connectionTo, drain, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { freePort } from '../support/free-port.ts'

const failing = (code: string, params: object = {}): object => ({ failure: { code, params } })
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-sentinel-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('Sentinels lead to the primary, one after another, and not to whom they wrongly name', async () => {
  await using watched = await startWatched({ password: 'guard' })
  const { connection, primary, sentinels, name, replica } = watched
  const sentinel = connection.sentinel!
  await using control = await openControl(connection)
  expect(control.address).toBe(`127.0.0.1:${primary.port}`)

  // The first one is away: the next is asked.
  const away = { ...connection, port: await freePort() }
  using link = await Link.open(away)
  expect(link.address).toBe(`127.0.0.1:${primary.port}`)

  await expect(resolve({ ...connection, sentinel: { ...sentinel, password: 'no' } })).rejects.toMatchObject(
    failing('auth.wrong-password', { address: `127.0.0.1:${sentinels[0]!.port}` }),
  )
  await expect(resolve({ ...connection, sentinel: { ...sentinel, master: 'none' } })).rejects.toMatchObject(
    failing('sentinel.unknown-name', { name: 'none' }),
  )
  await expect(resolve({ ...away, sentinel: { master: name, others: [] } })).rejects.toMatchObject(
    failing('sentinel.not-reached', { addresses: `127.0.0.1:${away.port}` }),
  )
  // As in the first moments after a primary was told to follow another: the Sentinels do not know it yet.
  for (const one of sentinels) one.cli('SENTINEL', 'SET', name, 'down-after-milliseconds', '60000')
  await primary.call('REPLICAOF', '127.0.0.1', replica.port)
  await expect(resolve(connection)).rejects.toMatchObject(
    failing('sentinel.no-primary', { name, address: `127.0.0.1:${primary.port}` }),
  )
})

test.skipIf(!hasSshd)('through a tunnel it is the far end that reaches Sentinels and primary', async () => {
  await using watched = await startWatched()
  await using server = await startSshServer()
  using link = await Link.open({ ...watched.connection, via: viaSsh(server) })
  expect(link.address).toBe(`127.0.0.1:${watched.primary.port}`)
  const peer = await watched.primary.call('CLIENT', 'LIST')
  expect(String(peer)).toContain('cmd=ping')
})

test('a restore goes on into the new primary when the old one dies in the middle of it', async () => {
  await using source = await startRedis({ dir: folder })
  source.cli('DEBUG', 'POPULATE', '40000', 'key', '64')
  source.cli('SAVE')
  await using watched = await startWatched()
  const { sentinels, name, primary, replica } = watched
  const addresses = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')
  const restore = startCli(
    [
      ...['restore', '-i', join(folder, 'dump.rdb'), '-t', addresses, '--sentinel', name, '--json'],
      // Slowly enough to die in the middle of it.
      ...['--max-keys', '20000'],
    ],
    { timeoutMs: 60_000 },
  )
  await restore.says(/"phase":"writing"(?=.*"keysWritten":[1-9])/)
  await primary.kill9()
  await watched.replicaTookOver()
  const run = await restore.ended
  expect(run.stderr).toBe('')
  const done = run.events.at(-1)!
  expect(done).toMatchObject({ event: 'done', exitCode: 0, keysWritten: 40_000 })
  expect(done['reconnects']).toBeGreaterThan(0)
  expect(await compareAll(source, replica)).toMatchObject({ equal: true, sourceKeys: 40_000 })
}, 120_000)

test('a live sync follows a source that fails over, without a second copy', async () => {
  await using watched = await startWatched()
  await using target = await startRedis()
  using task = taskFolder()
  const { connection, primary, replica } = watched
  for (let number = 0; number < 100; number += 1) await primary.call('INCR', 'count')
  await using sync = startSync({
    task: 'failover',
    source: connection,
    target: connectionTo(target),
    folder: task.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  await primary.kill9()
  await watched.replicaTookOver()
  await replica.call('INCR', 'count')
  await sync.until(({ sourceReconnects, phase }) => sourceReconnects > 0 && phase === 'in-step')
  await drain(sync, replica)
  expect(await target.call('GET', 'count')).toBe('101')
  expect(await compareAll(replica, target)).toMatchObject({ equal: true })
  expect(sync.progress).toMatchObject({ fullResyncs: 1, partialResyncs: 1 })
  sync.give({ type: 'finish' })
  await sync.done
})
