import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { Ledger } from './ledger.ts'

const ledgersEach = 25
const turnMs = 10
const writesATurn = 8
/** Beyond this a server is slower than we are; more would only lengthen its queue. */
const unansweredAtMost = 500

/** Applications that write to a server until it turns them away, each keeping account of what it was promised. */
export interface LiveWriters extends AsyncDisposable {
  readonly connections: number
  /** Commands acknowledged so far. */
  readonly acknowledged: number
  /** Commands sent and never acknowledged. */
  readonly refused: number
  /** Names of keys that do not hold on `server` what was acknowledged. Only after they have stopped. */
  wrongOn(server: Control): Promise<readonly string[]>
  /** Ends them; resolves when the last answer is in. */
  stop(): Promise<void>
}

/** Starts one writer for each way to sign in. */
export async function startLiveWriters(accounts: readonly Connection[]): Promise<LiveWriters> {
  const stopping = new AbortController()
  const ledgers: Ledger[] = []
  const working = await Promise.all(
    accounts.map(async (account, index) => {
      const server = await openControl(account, { name: `shop-${index}` })
      const own = Array.from({ length: ledgersEach }, (_, at) => new Ledger(`live:${index}:${at}`))
      await Promise.all(own.map((ledger) => ledger.open(server)))
      ledgers.push(...own)
      return { ended: write(server, own, stopping.signal) }
    }),
  )
  const stop = async (): Promise<void> => {
    stopping.abort()
    await Promise.all(working.map(({ ended }) => ended))
  }
  return {
    connections: accounts.length,
    get acknowledged() {
      return ledgers.reduce((sum, ledger) => sum + ledger.acknowledged, 0)
    },
    get refused() {
      return ledgers.reduce((sum, ledger) => sum + ledger.refused, 0)
    },
    wrongOn: async (server) => (await Promise.all(ledgers.map((ledger) => ledger.wrongOn(server)))).flat(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Writes until told to stop, or until the first write that is refused: an application would be down then. */
async function write(server: Control, ledgers: readonly Ledger[], signal: AbortSignal): Promise<void> {
  const unanswered = new Set<Promise<void>>()
  let next = 0
  while (!signal.aborted && ledgers.every(({ refused }) => refused === 0)) {
    for (let count = 0; count < writesATurn && unanswered.size < unansweredAtMost; count += 1) {
      const one = ledgers[next]!.write(server).finally(() => unanswered.delete(one))
      unanswered.add(one)
      next = (next + 1) % ledgers.length
    }
    await sleep(turnMs, undefined, { signal }).catch(() => undefined)
  }
  await Promise.all(unanswered)
  server.close()
}
