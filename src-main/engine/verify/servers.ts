import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type {
  DbCount,
  FunctionsFound,
  RepairResult,
  VerifyOrder,
  VerifyProgress,
  VerifyResult,
  VerifySpec,
} from '#contract/verify.ts'
import { detail } from '#contract/difference.ts'
import { FollowedRules } from '../flow/followed-rules.ts'
import { isOurs } from '../flow/own-keys.ts'
import type { OrderInbox } from '../worker/protocol.ts'
import { compareKeys } from './compare.ts'
import { chooseSides, type ChosenSides } from './chosen-sides.ts'
import { agree, besideEachOther } from './counts.ts'
import { byDatabase, Findings, type KeyDifference } from './findings.ts'
import { compareLibraries, librariesOf } from './functions.ts'
import { openServers } from './several-servers.ts'
import { openSide, type ListedKeys, type OpenSide } from './open-side.ts'
import { absentAmong, differencesAmong, eachBatch, pairsOf, type Pair } from './pairs.ts'
import { repair } from './repair.ts'
import { judgeCompared } from './result.ts'
import { rewriteFromServer } from './rewrite-from-server.ts'
import { Sampler } from './sampler.ts'
import { VerifyMeter } from './verify-meter.ts'

/** Keys looked at again with one round trip or two. */
const againAtOnce = 500

export interface ServersSpec extends Omit<VerifySpec, 'source'> {
  /** Together they hold what is compared. */
  readonly sources: readonly Connection[]
}

/**
 * Compares a server, or several together, with a server: key counts, some values, or every value both ways. While writes go on, keys that differ
 * are looked at again in rounds; what still differs then is told. Fails with `connect.*`, `auth.*`, `verify.databases`,
 * `job.cancelled`.
 */
export async function verifyServers(
  spec: ServersSpec,
  report: (progress: VerifyProgress) => void,
  signal: AbortSignal,
  orders: OrderInbox<VerifyOrder>,
): Promise<VerifyResult> {
  const opened = await Promise.allSettled([openServers(spec.sources, signal), openSide(spec.target, signal)])
  const sides = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const stop = (): void => {
    for (const side of sides) side[Symbol.dispose]()
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    const refused = opened.find((one) => one.status === 'rejected')
    if (refused !== undefined) throw refused.reason
    const [source, target] = [sides[0]!, sides[1]!]
    const rules = spec.rules === undefined ? null : FollowedRules.of(spec.rules, addressOf(spec.target))
    const chosen = rules === null ? null : await chooseSides(source, target, rules)
    return await new ServerComparison(
      spec,
      { source, target, functions: true, leftOut: () => 0, ...chosen },
      report,
      signal,
    ).run(orders)
  } catch (thrown) {
    if (signal.aborted) fail('job.cancelled')
    throw thrown
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

class ServerComparison {
  readonly #spec: ServersSpec
  readonly #source: OpenSide
  readonly #target: OpenSide
  readonly #sides: ChosenSides
  readonly #signal: AbortSignal
  readonly #findings = new Findings()
  readonly #meter: VerifyMeter
  #compared = 0
  /** Keys of the source that do not go along, as often as each was told. */
  #filtered = 0

  constructor(
    spec: ServersSpec,
    sides: ChosenSides,
    report: (progress: VerifyProgress) => void,
    signal: AbortSignal,
  ) {
    this.#spec = spec
    this.#source = sides.source
    this.#target = sides.target
    this.#sides = sides
    this.#signal = signal
    this.#meter = new VerifyMeter(report, this.#findings, spec.keysPerSecond, signal)
  }

  async run(orders: OrderInbox<VerifyOrder>): Promise<VerifyResult> {
    const { mode } = this.#spec
    if (mode === 'counts') return await this.#countUntilEqual()
    await this.#refuseDatabases()
    const before = this.#sides.leftOut()
    await (mode === 'full' ? this.#compareAll() : this.#compareSample())
    this.#filtered = this.#sides.leftOut() - before
    let rounds = 0
    while (this.#findings.count > 0 && !this.#findings.tooMany && rounds < this.#spec.rounds) {
      rounds += 1
      await this.#pause()
      await this.#lookAgain()
    }
    const repaired = await this.#repair(orders)
    return this.#result(await this.#count(), rounds, await this.#functions(), repaired)
  }

  /** A cluster has no place for keys of other databases: what became of them only the rules of a restore tell. */
  async #refuseDatabases(): Promise<void> {
    if (this.#source.slotsCovered !== null || this.#target.slotsCovered === null) return
    const dbs = [...(await this.#source.count())].flatMap(([db, keys]) => (db > 0 && keys > 0 ? [db] : []))
    if (dbs.length > 0)
      fail('verify.databases', { address: addressOf(this.#spec.target), dbs: dbs.join(', ') })
  }

  async #count(): Promise<readonly DbCount[]> {
    return besideEachOther(...(await Promise.all([this.#source.count(), this.#target.count()])))
  }

  async #functions(): Promise<FunctionsFound> {
    if (!this.#sides.functions) return 'left-out'
    const { source, target } = this.#pairs[0]!
    const [here, there] = await Promise.all([librariesOf(source), librariesOf(target)])
    return compareLibraries(here, there)
  }

  async #repair(orders: OrderInbox<VerifyOrder>): Promise<RepairResult | null> {
    const functionsDiffer = (await this.#functions()) === 'differ'
    const { source, target } = this.#pairs[0]!
    return await repair({
      spec: this.#spec,
      findings: this.#findings,
      functionsDiffer,
      meter: this.#meter,
      orders,
      target,
      signal: this.#signal,
      write: (differences) =>
        rewriteFromServer(source, this.#spec.target, differences, functionsDiffer, this.#signal),
      compareAgain: (differences) => this.#compareAgain(differences),
    })
  }

  async #countUntilEqual(): Promise<VerifyResult> {
    let counts = await this.#count()
    for (let round = 1; !agree(counts) && round <= this.#spec.rounds; round += 1) {
      await this.#pause()
      counts = await this.#count()
    }
    return this.#result(counts, 0, 'counts', null)
  }

  async #compareAll(): Promise<void> {
    const [here, there] = await Promise.all([this.#source.size(), this.#target.size()])
    this.#meter.enter('comparing', here + there)
    await Promise.all([
      eachBatch(
        this.#pairs,
        this.#source.keys(),
        async (pair, listed) => await this.#compare(pair, listed.db, await this.#unshared(listed)),
        this.#signal,
      ),
      eachBatch(
        this.#pairs,
        this.#target.keys(),
        async (pair, { db, keys, misplaced }) => {
          const held = new Set(misplaced)
          this.#findings.note(misplaced.map((key) => ({ db, key, kind: 'misplaced', detail: null })))
          await this.#findExtra(
            pair,
            db,
            theirs(keys).filter((key) => !held.has(key)),
          )
        },
        this.#signal,
      ),
    ])
  }

  async #compareSample(): Promise<void> {
    // Without our own, which nobody chooses from.
    const total = [...(await this.#source.count()).values()].reduce((sum, keys) => sum + keys, 0)
    const sampler = new Sampler(total, this.#spec.sampleKeys)
    this.#meter.enter('comparing', Math.min(total, this.#spec.sampleKeys))
    for await (const listed of this.#source.keys()) {
      const chosen = (await this.#unshared(listed)).filter(() => sampler.take())
      if (chosen.length > 0) await this.#compare(this.#pairs[0]!, listed.db, chosen)
    }
  }

  get #pairs(): readonly Pair[] {
    return pairsOf(this.#source, this.#target)
  }

  async #compare(pair: Pair, db: number, keys: readonly Buffer[]): Promise<void> {
    this.#findings.note(await differencesAmong(pair, db, keys, this.#spec.expiryToleranceMs))
    this.#compared += keys.length
    await this.#meter.advance(keys.length)
  }

  async #findExtra({ source }: Pair, db: number, keys: readonly Buffer[]): Promise<void> {
    await this.#meter.advance(keys.length)
    const extra = await absentAmong(source, db, keys)
    this.#findings.note(extra.map((key) => ({ db, key, kind: 'extra', detail: null })))
  }

  /**
   * What is to be compared of a batch. Of a key that several sources have the target can have one: which, nobody has said.
   * So that is its difference, and its value is held to neither: a repair would choose.
   */
  async #unshared({ db, keys, shared }: ListedKeys): Promise<readonly Buffer[]> {
    const told = shared.filter(({ key }) => !isOurs(key))
    this.#findings.note(
      told.map(({ key, servers }) => ({ db, key, kind: 'shared', detail: detail('servers', { servers }) })),
    )
    const held = new Set(told.map(({ key }) => key))
    await this.#meter.advance(held.size)
    return theirs(keys).filter((key) => !held.has(key))
  }

  async #lookAgain(): Promise<void> {
    const before = this.#findings.take()
    this.#meter.enter('looking-again', before.length)
    await this.#compareAgain(before)
  }

  async #compareAgain(before: readonly KeyDifference[]): Promise<void> {
    const { source, target } = this.#pairs[0]!
    const { expiryToleranceMs } = this.#spec
    // Where a key is does not change by looking at it.
    const stays = ({ kind }: KeyDifference): boolean => kind === 'misplaced' || kind === 'shared'
    this.#findings.note(before.filter(stays))
    const others = before.filter((difference) => !stays(difference))
    for (const [db, keys] of byDatabase(others))
      for (let at = 0; at < keys.length; at += againAtOnce) {
        const some = keys.slice(at, at + againAtOnce)
        this.#findings.note(await compareKeys(source, target, db, some, expiryToleranceMs))
        await this.#meter.advance(some.length)
      }
  }

  async #pause(): Promise<void> {
    await sleep(this.#spec.roundDelayMs, undefined, { signal: this.#signal })
  }

  #result(
    counts: readonly DbCount[],
    rounds: number,
    functions: FunctionsFound,
    repaired: RepairResult | null,
  ): VerifyResult {
    const { mode, listed } = this.#spec
    return {
      ...judgeCompared({
        mode,
        listed,
        counts,
        findings: this.#findings,
        functions,
        slotsCovered: this.#target.slotsCovered,
      }),
      compared: this.#compared,
      explained: { expired: 0, filtered: this.#filtered, lost: 0 },
      repaired,
      rounds,
      elapsedMs: Math.round(this.#meter.elapsedMs),
    }
  }
}

function theirs(keys: readonly Buffer[]): readonly Buffer[] {
  return keys.filter((key) => !isOurs(key))
}
