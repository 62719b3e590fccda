import { setTimeout as sleep } from 'node:timers/promises'
import type { Proxy } from './proxy.ts'
import { startSync, type SyncAsked, type SyncProcess } from './sync-process.ts'
import type { Writer } from './writer.ts'

type Random = (below: number) => number

/** What may befall, the more often the more it weighs. */
export type Fault = readonly [weight: number, name: string, befall: () => Promise<void> | void]

export interface StormOptions {
  readonly request: SyncAsked
  readonly faults: number
  readonly random: Random
  readonly writers: readonly Pick<Writer, 'pause' | 'goOn'>[]
  /** Besides kills of ours. */
  readonly others: readonly Fault[]
}

export interface Stormed extends AsyncDisposable {
  /** In step; the writers pause. */
  readonly sync: SyncProcess
  /** How often each has befallen, in words. */
  readonly told: string
}

/** After so many all is let come into step: whatever was spooled is applied now and then, on a machine of any speed. */
const calmEvery = 8
const calmLimitMs = 240_000
const weightOfOurs = 6

/** Runs a sync in a process of its own and lets faults befall it, at random and one after another, kills of itself among them. */
export async function weatherStorm(options: StormOptions): Promise<Stormed> {
  const { request, faults, random, writers, others } = options
  let sync = startSync(request)
  const kill: Fault = [
    weightOfOurs,
    'ours killed -9',
    async () => {
      await sync.kill9()
      sync = startSync(request)
    },
  ]
  const wheel = [kill, ...others].flatMap((fault) => Array.from({ length: fault[0] }, () => fault))
  const befallen = new Map<string, number>()
  const calm = async (): Promise<void> => {
    for (const writer of writers) writer.pause()
    await sync.until(({ phase }) => phase === 'in-step', calmLimitMs)
  }
  try {
    for (let fault = 0; fault < faults; fault += 1) {
      if (fault % calmEvery === 0) {
        await calm()
        for (const writer of writers) writer.goOn()
      }
      const [, name, befall] = wheel[random(wheel.length)]!
      befallen.set(name, (befallen.get(name) ?? 0) + 1)
      await befall()
      await sleep(random(700))
    }
    await calm()
  } catch (thrown) {
    await sync[Symbol.asyncDispose]()
    throw thrown
  }
  return {
    sync,
    told: [...befallen].map(([name, times]) => `${name} ${times} times`).join(', '),
    [Symbol.asyncDispose]: () => sync[Symbol.asyncDispose](),
  }
}

/** What may befall the link to one side. */
export function faultsOfLink(side: string, wire: Proxy, random: Random): readonly Fault[] {
  return [
    [3, `link to the ${side} cut`, () => wire.cut()],
    [
      2,
      `link to the ${side} stalled`,
      async () => {
        wire.hold()
        await sleep(random(1_500))
        wire.release()
      },
    ],
    [
      1,
      `link to the ${side} slowed`,
      async () => {
        wire.delayMs = 1 + random(40)
        await sleep(random(1_000))
        wire.delayMs = 0
      },
    ],
  ]
}

/** A byte that is another one at its end is noticed under TLS alone: the protocols themselves have no checksums. */
export function corruption(side: string, wire: Proxy): Fault {
  return [4, `link to the ${side} corrupted`, () => wire.corrupt()]
}
