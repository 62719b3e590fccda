import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startPromotable } from '../support/promotable.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import type { RedisOptions } from '../support/redis-server.ts'
import { compareAll, connectionTo, drain, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { makeTlsFiles } from '../support/tls-files.ts'
import { randomFrom, startWriter } from '../support/writer.ts'

/** A short form by default; `npm run test:faults` has the long one. */
const count = Number(process.env['KEYFERRY_FAULTS'] ?? 24)
const seed = Number(process.env['KEYFERRY_SEED'] ?? 1)
/** So that whatever was spooled and not applied is applied now and then, on a machine of any speed. */
const calmEvery = 8
const calmLimitMs = 120_000
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

// A byte that is another one at its end is noticed there alone: the protocols themselves have no checksums.
const secured: Storm = { faults: Math.ceil(count / 3), rate: 4_000, tls: true }
test(
  `${secured.faults} faults over TLS, with corrupted bytes among them: nothing is lost, nothing doubled`,
  () => weather(secured),
  limitMs,
)

type Fault = readonly [weight: number, name: string, befall: () => Promise<void> | void]

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
  let sync = startSync(request)
  const stall = async (wire: Proxy): Promise<void> => {
    wire.hold()
    await sleep(random(1_500))
    wire.release()
  }
  const slow = async (wire: Proxy): Promise<void> => {
    wire.delayMs = 1 + random(40)
    await sleep(random(1_000))
    wire.delayMs = 0
  }
  const always: readonly Fault[] = [
    [
      6,
      'ours killed -9',
      async () => {
        await sync.kill9()
        sync = startSync(request)
      },
    ],
    [3, 'link to the source cut', () => toSource.cut()],
    [3, 'link to the target cut', () => toTarget.cut()],
    [2, 'link to the source stalled', () => stall(toSource)],
    [2, 'link to the target stalled', () => stall(toTarget)],
    [1, 'link to the source slowed', () => slow(toSource)],
    [1, 'link to the target slowed', () => slow(toTarget)],
    [1, 'source restarted', () => source.primary.restart()],
    [1, 'source killed, its replica promoted', () => source.promote()],
    [1, 'source handed over to its replica', () => source.handOver()],
    [1, 'target restarted', () => target.primary.restart()],
    [1, 'target killed -9 and back', () => target.primary.kill9().then(() => target.primary.restart())],
    [1, 'target killed, its replica promoted', () => target.promote()],
  ]
  const corrupting: readonly Fault[] = [
    [4, 'link to the source corrupted', () => toSource.corrupt()],
    [4, 'link to the target corrupted', () => toTarget.corrupt()],
  ]
  const wheel = [...always, ...(tls ? corrupting : [])].flatMap((fault) =>
    Array.from({ length: fault[0] }, () => fault),
  )
  const befallen = new Map<string, number>()
  const calm = async (): Promise<void> => {
    writer.pause()
    await sync.until(({ phase }) => phase === 'in-step', calmLimitMs)
    writer.goOn()
  }
  try {
    await calm()
    for (let fault = 1; fault <= faults; fault += 1) {
      const [, name, befall] = wheel[random(wheel.length)]!
      befallen.set(name, (befallen.get(name) ?? 0) + 1)
      await befall()
      await sleep(random(700))
      if (fault % calmEvery === 0) await calm()
    }
    await calm()
    await writer.stop()
    await drain(sync, source.primary)
    const { compared, differing, differences, equal } = await compareAll(source.primary, target.primary)
    const told = [...befallen].map(([name, times]) => `${name} ${times} times`).join(', ')
    console.log(`${told}; ${writer.written} commands, ${compared} keys compared, ${differing} differ`)
    expect({ equal, differences }).toEqual({ equal: true, differences: [] })
  } finally {
    await sync[Symbol.asyncDispose]()
  }
}
