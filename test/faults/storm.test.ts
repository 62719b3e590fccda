import { expect, test } from 'vitest'
import { startPromotable } from '../support/promotable.ts'
import { startProxy } from '../support/proxy.ts'
import type { RedisOptions } from '../support/redis-server.ts'
import { corruption, faultsOfLink, weatherStorm, type Fault } from '../support/storm.ts'
import { compareAll, connectionTo, drain, taskFolder } from '../support/sync-ends.ts'
import { makeTlsFiles } from '../support/tls-files.ts'
import { randomFrom, startWriter } from '../support/writer.ts'

/** A short form by default; `npm run test:faults` has the long one. */
const count = Number(process.env['KEYFERRY_FAULTS'] ?? 24)
const seed = Number(process.env['KEYFERRY_SEED'] ?? 1)
const limitMs = Math.max(300_000, count * 8_000)

interface Storm {
  readonly faults: number
  /** Of the writer, commands a second. */
  readonly rate: number
  readonly tls: boolean
}

const plain: Storm = { faults: count, rate: 20_000, tls: false }
test(
  `${plain.faults} faults at random under a writer at full speed: nothing is lost, nothing doubled`,
  () => weather(plain),
  limitMs,
)

const secured: Storm = { faults: Math.ceil(count / 3), rate: 4_000, tls: true }
test(
  `${secured.faults} faults over TLS, with corrupted bytes among them: nothing is lost, nothing doubled`,
  () => weather(secured),
  limitMs,
)

async function weather({ faults, rate, tls }: Storm): Promise<void> {
  using folder = taskFolder()
  const files = tls ? makeTlsFiles(folder.path) : null
  const server = (...args: readonly string[]): RedisOptions => ({
    args: [...args, '--repl-diskless-sync-delay', '0', ...(tls ? ['--tls-replication', 'yes'] : [])],
    ...(files !== null && { tls: files }),
  })
  await using source = await startPromotable(server('--repl-backlog-size', '512mb', '--save', '3600 1000000'))
  await using target = await startPromotable(server('--appendonly', 'yes', '--appendfsync', 'everysec'))
  await using toSource = await startProxy(source.primary.port)
  await using toTarget = await startProxy(target.primary.port)
  await using ofWriter = await startProxy(source.primary.port)
  source.add(toSource)
  source.add(ofWriter)
  target.add(toTarget)
  const request = {
    task: 'storm',
    source: connectionTo({ port: toSource.port, tls: files }),
    target: connectionTo({ port: toTarget.port, tls: files }),
    folder: folder.path,
  }
  const random = randomFrom(seed)
  const writer = startWriter({ port: ofWriter.port, tls: files, rate, keys: 10_000, seed, comesBack: true })
  const others: readonly Fault[] = [
    ...faultsOfLink('source', toSource, random),
    ...faultsOfLink('target', toTarget, random),
    ...(tls ? [corruption('source', toSource), corruption('target', toTarget)] : []),
    [1, 'source restarted', () => source.primary.restart()],
    [1, 'source killed, its replica promoted', () => source.promote()],
    [1, 'source handed over to its replica', () => source.handOver()],
    [1, 'target restarted', () => target.primary.restart()],
    [1, 'target killed -9 and back', () => target.primary.kill9().then(() => target.primary.restart())],
    [1, 'target killed, its replica promoted', () => target.promote()],
  ]
  await using stormed = await weatherStorm({ request, faults, random, writers: [writer], others })
  await writer.stop()
  await drain(stormed.sync, source.primary)
  const { compared, differing, differences, equal } = await compareAll(source.primary, target.primary)
  console.log(`${stormed.told}; ${writer.written} commands, ${compared} keys compared, ${differing} differ`)
  expect({ equal, differences }).toEqual({ equal: true, differences: [] })
}
