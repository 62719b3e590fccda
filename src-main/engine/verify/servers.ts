import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type {
  DbCount,
  RepairResult,
  VerifyOrder,
  VerifyProgress,
  VerifyResult,
  VerifySpec,
} from '#contract/verify.ts'
import { isOurs } from '../flow/own-keys.ts'
import type { OrderInbox } from '../worker/protocol.ts'
import { compareKeys } from './compare.ts'
import { agree, countAllOfBoth, countBoth, sum } from './counts.ts'
import { DbLink } from './db-link.ts'
import { byDatabase, Findings, type KeyDifference } from './findings.ts'
import { librariesDiffer, librariesOf } from './functions.ts'
import { repair } from './repair.ts'
import { copyLibraries, rewriteFromServer } from './rewrite-from-server.ts'
import { withoutSameBytes } from './same-bytes.ts'
import { Sampler } from './sampler.ts'
import { VerifyMeter } from './verify-meter.ts'

const scanCount = 500
/** Batches compared at a time. */
const atOnce = 4

export interface ServersSpec extends VerifySpec {
  readonly source: Connection
}

/**
 * Compares two servers: key counts, some values, or every value both ways. While writes go on, keys that differ
 * are looked at again in rounds; what still differs then is told. Fails with `connect.*`, `auth.*`, `job.cancelled`.
 */
export async function verifyServers(
  spec: ServersSpec,
  report: (progress: VerifyProgress) => void,
  signal: AbortSignal,
  orders: OrderInbox<VerifyOrder>,
): Promise<VerifyResult> {
  const sides = await openSides(spec, signal)
  const stop = (): void => {
    for (const { source, target } of sides) {
      source[Symbol.dispose]()
      target[Symbol.dispose]()
    }
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await new ServerComparison(spec, sides, report, signal).run(orders)
  } catch (thrown) {
    if (signal.aborted) fail('job.cancelled')
    throw thrown
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

/** A connection to each of the two servers. */
interface Sides {
  readonly source: DbLink
  readonly target: DbLink
}

async function openSides(spec: ServersSpec, signal: AbortSignal): Promise<readonly Sides[]> {
  const open = (connection: Connection): Promise<DbLink> => DbLink.open(connection, 'keyferry:verify', signal)
  const wanted = Array.from({ length: atOnce + 1 }, () => [open(spec.source), open(spec.target)]).flat()
  const opened = await Promise.allSettled(wanted)
  const links = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const refused = opened.find((one) => one.status === 'rejected')
  if (refused === undefined)
    return Array.from({ length: atOnce + 1 }, (_, at) => ({
      source: links[at * 2]!,
      target: links[at * 2 + 1]!,
    }))
  for (const link of links) link[Symbol.dispose]()
  throw refused.reason
}

class ServerComparison {
  readonly #spec: ServersSpec
  /** These walk through the keys and count; the others compare. */
  readonly #source: DbLink
  readonly #target: DbLink
  readonly #comparing: readonly Sides[]
  readonly #signal: AbortSignal
  readonly #findings = new Findings()
  readonly #meter: VerifyMeter
  #compared = 0

  constructor(
    spec: ServersSpec,
    [walking, ...comparing]: readonly Sides[],
    report: (progress: VerifyProgress) => void,
    signal: AbortSignal,
  ) {
    this.#spec = spec
    this.#source = walking!.source
    this.#target = walking!.target
    this.#comparing = comparing
    this.#signal = signal
    this.#meter = new VerifyMeter(report, this.#findings, spec.keysPerSecond, signal)
  }

  async run(orders: OrderInbox<VerifyOrder>): Promise<VerifyResult> {
    const { mode } = this.#spec
    if (mode === 'counts') return await this.#countUntilEqual()
    const known = await countAllOfBoth(this.#source, this.#target)
    await (mode === 'full' ? this.#compareAll(known) : this.#compareSample(known))
    let rounds = 0
    while (this.#findings.count > 0 && !this.#findings.tooMany && rounds < this.#spec.rounds) {
      rounds += 1
      await this.#pause()
      await this.#lookAgain()
    }
    const repaired = await this.#repair(orders)
    const counts = await countBoth(this.#source, this.#target)
    return this.#result(counts, rounds, await this.#functionsDiffer(), repaired)
  }

  async #functionsDiffer(): Promise<boolean> {
    const [here, there] = await Promise.all([librariesOf(this.#source), librariesOf(this.#target)])
    return librariesDiffer(here, there)
  }

  async #repair(orders: OrderInbox<VerifyOrder>): Promise<RepairResult | null> {
    const functionsDiffer = await this.#functionsDiffer()
    return await repair({
      spec: this.#spec,
      findings: this.#findings,
      functionsDiffer,
      meter: this.#meter,
      orders,
      target: this.#target,
      signal: this.#signal,
      write: async (differences) => {
        if (functionsDiffer) await copyLibraries(this.#source, this.#target)
        return await rewriteFromServer(this.#source, this.#spec.target, differences, this.#signal)
      },
      compareAgain: (differences) => this.#compareAgain(differences),
    })
  }

  async #countUntilEqual(): Promise<VerifyResult> {
    let counts = await countBoth(this.#source, this.#target)
    for (let round = 1; !agree(counts) && round <= this.#spec.rounds; round += 1) {
      await this.#pause()
      counts = await countBoth(this.#source, this.#target)
    }
    return this.#result(counts, 0, false, null)
  }

  async #compareAll(known: readonly DbCount[]): Promise<void> {
    this.#meter.enter('comparing', sum(known, 'source') + sum(known, 'target'))
    for (const { db } of known)
      await Promise.all([
        this.#each(this.#keysOf(this.#source, db), (sides, keys) => this.#compare(sides, db, keys)),
        this.#each(this.#keysOf(this.#target, db), (sides, keys) => this.#findExtra(sides, db, keys)),
      ])
  }

  async #compareSample(known: readonly DbCount[]): Promise<void> {
    const total = sum(known, 'source')
    const sampler = new Sampler(total, this.#spec.sampleKeys)
    this.#meter.enter('comparing', Math.min(total, this.#spec.sampleKeys))
    for (const { db } of known)
      for await (const keys of this.#keysOf(this.#source, db)) {
        const chosen = keys.filter(() => sampler.take())
        if (chosen.length > 0) await this.#compare(this.#comparing[0]!, db, chosen)
      }
  }

  async *#keysOf(link: DbLink, db: number): AsyncGenerator<readonly Buffer[], void, void> {
    let cursor = '0'
    do {
      if (this.#signal.aborted) fail('job.cancelled')
      const [next, keys] = (await link.ask(db, ['SCAN', cursor, 'COUNT', scanCount])) as unknown as [
        Buffer,
        readonly Buffer[],
      ]
      cursor = next.toString()
      yield keys.filter((key) => !isOurs(key))
    } while (cursor !== '0')
  }

  /** Works on several batches at a time, so that neither server waits for the other, nor for us. */
  async #each(
    batches: AsyncGenerator<readonly Buffer[], void, void>,
    work: (sides: Sides, keys: readonly Buffer[]) => Promise<void>,
  ): Promise<void> {
    await Promise.all(
      this.#comparing.map(async (sides) => {
        for await (const keys of batches) await work(sides, keys)
      }),
    )
  }

  async #compare({ source, target }: Sides, db: number, keys: readonly Buffer[]): Promise<void> {
    const { expiryToleranceMs } = this.#spec
    const open = await withoutSameBytes(source, target, db, keys, expiryToleranceMs)
    this.#findings.note(await compareKeys(source, target, db, open, expiryToleranceMs))
    this.#compared += keys.length
    await this.#meter.advance(keys.length)
  }

  async #findExtra({ source }: Sides, db: number, keys: readonly Buffer[]): Promise<void> {
    await this.#meter.advance(keys.length)
    // One number for all of them (EXISTS takes several keys since 3.0.3) tells that none is missing.
    if (keys.length === 0 || (await source.askAll(db, [['EXISTS', ...keys]]))[0] === keys.length) return
    const found = await source.askAll(
      db,
      keys.map((key) => ['EXISTS', key]),
    )
    const extra = keys.filter((_, index) => found[index] === 0)
    this.#findings.note(extra.map((key) => ({ db, key, kind: 'extra', detail: '' })))
  }

  async #lookAgain(): Promise<void> {
    const before = this.#findings.take()
    this.#meter.enter('looking-again', before.length)
    await this.#compareAgain(before)
  }

  async #compareAgain(before: readonly KeyDifference[]): Promise<void> {
    for (const [db, keys] of byDatabase(before))
      for (let at = 0; at < keys.length; at += scanCount) {
        const some = keys.slice(at, at + scanCount)
        const { expiryToleranceMs } = this.#spec
        this.#findings.note(await compareKeys(this.#source, this.#target, db, some, expiryToleranceMs))
        await this.#meter.advance(some.length)
      }
  }

  async #pause(): Promise<void> {
    await sleep(this.#spec.roundDelayMs, undefined, { signal: this.#signal })
  }

  #result(
    counts: readonly DbCount[],
    rounds: number,
    functionsDiffer: boolean,
    repaired: RepairResult | null,
  ): VerifyResult {
    const { mode, listed } = this.#spec
    const findings = this.#findings
    return {
      mode,
      equal: mode === 'counts' ? agree(counts) : findings.count === 0 && !functionsDiffer,
      counts,
      sourceKeys: sum(counts, 'source'),
      targetKeys: sum(counts, 'target'),
      compared: this.#compared,
      differing: findings.count,
      byKind: findings.byKind(),
      differences: findings.list(listed),
      functionsDiffer,
      explained: { expired: 0, filtered: 0, lost: 0 },
      repaired,
      slotsCovered: null,
      rounds,
      elapsedMs: Math.round(this.#meter.elapsedMs),
    }
  }
}
