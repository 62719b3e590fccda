import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { startRedis } from '../support/redis-server.ts'
import { compareAll, connectionTo, drain, taskFolder } from '../support/sync-ends.ts'
import { startSync, type SyncProcess } from '../support/sync-process.ts'
import { randomFrom, startWriter } from '../support/writer.ts'

/** A short form by default; `npm run test:faults` has the long one. */
const count = Number(process.env['KEYFERRY_FAULTS'] ?? 24)
const seed = Number(process.env['KEYFERRY_SEED'] ?? 1)
/** So that whatever was spooled and not applied is applied now and then. */
const calmEvery = 8
const calmLimitMs = 120_000

test(
  `${count} faults at random under a writer at full speed: nothing is lost, nothing doubled`,
  async () => {
    const durable = ['--appendonly', 'yes', '--appendfsync', 'everysec']
    await using source = await startRedis({
      args: ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '512mb', '--save', '3600 1000000'],
    })
    await using target = await startRedis({ args: durable })
    await using toSource = await startProxy(source.port)
    await using toTarget = await startProxy(target.port)
    using folder = taskFolder()
    const request = {
      task: 'storm',
      source: connectionTo(toSource),
      target: connectionTo(toTarget),
      folder: folder.path,
    }
    const random = randomFrom(seed)
    const writer = startWriter({ port: source.port, rate: 20_000, keys: 10_000, seed, comesBack: true })
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
    const faults: readonly (readonly [weight: number, name: string, befall: () => Promise<void> | void])[] = [
      [
        5,
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
      [1, 'source restarted', () => source.restart()],
      [1, 'target restarted', () => target.restart()],
      [
        1,
        'target killed -9',
        async () => {
          await target.kill9()
          await target.restart()
        },
      ],
    ]
    const wheel = faults.flatMap((fault) => Array.from({ length: fault[0] }, () => fault))
    const befallen = new Map<string, number>()
    try {
      await inStep(sync)
      for (let fault = 1; fault <= count; fault += 1) {
        const [, name, befall] = wheel[random(wheel.length)]!
        befallen.set(name, (befallen.get(name) ?? 0) + 1)
        await befall()
        await sleep(random(700))
        if (fault % calmEvery === 0) await inStep(sync)
      }
      await writer.stop()
      await inStep(sync)
      await drain(sync, source)
      const { compared, differing, differences, equal } = await compareAll(source, target)
      const told = [...befallen].map(([name, times]) => `${name} ${times} times`).join(', ')
      console.log(`${told}; ${writer.written} commands, ${compared} keys compared, ${differing} differ`)
      expect({ equal, differences }).toEqual({ equal: true, differences: [] })
    } finally {
      await sync[Symbol.asyncDispose]()
    }
  },
  Math.max(300_000, count * 6_000),
)

async function inStep(sync: SyncProcess): Promise<void> {
  await sync.until(({ phase }) => phase === 'in-step', calmLimitMs)
}
