import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { startRedis } from '../support/redis-server.ts'
import { compareAll, connectionTo, differencesFromAll, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { randomFrom, startWriter } from '../support/writer.ts'

const args = ['--notify-keyspace-events', 'AE', '--rename-command', 'PSYNC', '']
const rounds = Number(process.env['KEYFERRY_SCAN_ROUNDS'] ?? 4)

test('killed, cut off from either side, restarted and flushed under writers, both are equal in the end', async () => {
  await using source = await startRedis({ args })
  await using target = await startRedis({ args: ['--appendonly', 'yes'] })
  await using toSource = await startProxy(source.port)
  await using toTarget = await startProxy(target.port)
  using folder = taskFolder()
  source.cli('DEBUG', 'POPULATE', '20000', 'filler', '100')
  const writer = startWriter({ port: source.port, rate: 2_000, comesBack: true })
  const request = {
    task: 'storm',
    mode: 'scan',
    source: connectionTo(toSource),
    target: connectionTo(toTarget),
    folder: folder.path,
  } as const
  const random = randomFrom(5)
  const faults: readonly (() => unknown)[] = [
    () => toSource.cut(),
    () => toTarget.cut(),
    () => source.call('FLUSHDB'),
    () => source.call('CLIENT', 'KILL', 'TYPE', 'pubsub'),
    () => target.restart(),
    () => source.call('SWAPDB', '0', '3'),
  ]
  for (let round = 0; round < rounds; round += 1) {
    await using sync = startSync(request)
    // The first is killed in the middle of its scan.
    if (round > 0) await sync.until(({ phase }) => phase === 'in-step' || phase === 'reconciling', 60_000)
    else await sync.until(({ copiedKeys }) => copiedKeys > 0)
    await sleep(random(300))
    await faults[round % faults.length]!()
    await sleep(random(300))
    await sync.kill9()
  }
  await using last = startSync(request)
  await last.until(({ phase }) => phase === 'in-step', 60_000)
  for (const fault of [...faults.slice(0, 4), () => mishear(toTarget, target.port)]) {
    await fault()
    await sleep(random(300))
  }
  await writer.stop()
  last.give({ type: 'drainTo', offsets: [0] })
  await last.until(({ phase }) => phase === 'drained', 60_000)
  expect((await differencesFromAll([source], target)).differences).toEqual([])
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differing: 0, differences: [] })
  expect(writer.written).toBeGreaterThan(5_000)
  last.give({ type: 'finish' })
  await last.done
  expect(await target.call('KEYS', 'keyferry:*')).toEqual([])
}, 180_000)

/** Loses the link; whoever comes back first hears something that is not Redis. */
async function mishear(wire: Proxy, port: number): Promise<void> {
  await using stranger = createServer((client) => {
    wire.leadTo(port)
    client
      .on('error', () => undefined)
      .resume()
      .end('HTTP/1.1 400 Bad Request\r\n\r\n')
  })
  stranger.listen(0, '127.0.0.1')
  await once(stranger, 'listening')
  const misled = once(stranger, 'connection')
  wire.leadTo((stranger.address() as AddressInfo).port)
  wire.cut()
  await misled
}
