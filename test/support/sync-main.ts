import { createInterface } from 'node:readline'
import { toFailure } from '../../src-main/contract/failure.ts'
import type { SyncOrder, SyncSpec } from '../../src-main/contract/sync.ts'
import { runSync } from '../../src-main/engine/flow/live.ts'
import { keepOrders } from '../../src-main/engine/worker/orders.ts'
import type { SyncSays } from './sync-process.ts'

/** A sync as a process of its own: the spec is its argument, orders come in, what it says goes out. */
const say = (said: SyncSays): void => void process.stdout.write(`${JSON.stringify(said)}\n`)
// Whoever listened is gone: so is the reason to be here.
process.stdout.on('error', () => process.exit())
const orders = keepOrders<SyncOrder>()
createInterface(process.stdin).on('line', (line) => orders.give(JSON.parse(line) as SyncOrder))
const spec = JSON.parse(process.argv[2]!) as SyncSpec
const told = await runSync(spec, (progress) => say({ progress }), new AbortController().signal, orders).then(
  (result): SyncSays => ({ result }),
  (thrown: unknown): SyncSays => ({ failure: toFailure(thrown) }),
)
process.stdout.write(`${JSON.stringify(told)}\n`, () => process.exit(0))
