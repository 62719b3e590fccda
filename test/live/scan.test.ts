import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startRedis } from '../support/redis-server.ts'
import { compareAll, connectionTo, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

const noPsync = ['--rename-command', 'PSYNC', '', '--rename-command', 'SYNC', '']
const telling = [...noPsync, '--notify-keyspace-events', 'AE']

test('a source that nobody may follow is read key by key, and is equal in the end', async () => {
  await using source = await startRedis({ args: telling })
  await using target = await startRedis()
  using folder = taskFolder()
  const writer = startWriter({ port: source.port, rate: 3_000 })
  await sleep(500)
  await using sync = startSync({
    task: 'scanned',
    mode: 'scan',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  await sleep(1_000)
  await writer.stop()
  sync.give({ type: 'drainTo', offsets: [0] })
  await sync.until(({ phase }) => phase === 'drained')
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0 })
  sync.give({ type: 'finish' })
  expect((await sync.done).outcome).toBe('finished')
  expect(target.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
})
