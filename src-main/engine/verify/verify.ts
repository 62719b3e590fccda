import { setTimeout as sleep } from 'node:timers/promises'
import { escapeKey } from '#contract/escape-key.ts'
import { fail } from '#contract/failure.ts'
import type { DbCount, DifferenceKind, VerifyProgress, VerifyResult, VerifySpec } from '#contract/verify.ts'
import { isOurs } from '../flow/own-keys.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { compareKeys, type KeyDifference } from './compare.ts'
import { countAllOfBoth, countBoth } from './counts.ts'
import { DbLink } from './db-link.ts'
import { withoutSameBytes } from './same-bytes.ts'

const scanCount = 500
/** Batches compared at a time. */
const atOnce = 4
const listed = 100
/** Beyond so many differing keys nobody looks again: the two sides are not the same data set. */
const keptForAnotherLook = 50_000
const reportEveryMs = 250

/**
 * Compares two servers: key counts, or every value both ways. While writes go on, keys that differ are looked at
 * again in rounds; what still differs then is told. Fails with `connect.*`, `auth.*`, `job.cancelled`.
 */
export async function runVerify(
  spec: VerifySpec,
  report: (progress: VerifyProgress) => void,
  signal: AbortSignal,
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
    return await new Verification(spec, sides, report, signal).run()
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

async function openSides(spec: VerifySpec, signal: AbortSignal): Promise<readonly Sides[]> {
  const open = (connection: VerifySpec['source']): Promise<DbLink> =>
    DbLink.open(connection, 'keyferry:verify', signal)
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

class Verification {
  readonly #spec: VerifySpec
  /** These walk through the keys and count; the others compare. */
  readonly #source: DbLink
  readonly #target: DbLink
  readonly #comparing: readonly Sides[]
  readonly #report: (progress: VerifyProgress) => void
  readonly #signal: AbortSignal
  readonly #started = performance.now()
  #reportedAt = 0
  #phase: VerifyProgress['phase'] = 'counting'
  #keysDone = 0
  #keysTotal = 0
  #compared = 0
  #differences: KeyDifference[] = []
  #beyond = 0

  constructor(
    spec: VerifySpec,
    [walking, ...comparing]: readonly Sides[],
    report: (progress: VerifyProgress) => void,
    signal: AbortSignal,
  ) {
    this.#spec = spec
    this.#source = walking!.source
    this.#target = walking!.target
    this.#comparing = comparing
    this.#report = report
    this.#signal = signal
  }

  async run(): Promise<VerifyResult> {
    if (this.#spec.mode === 'counts') return await this.#countUntilEqual()
    const known = await countAllOfBoth(this.#source, this.#target)
    this.#keysTotal = sum(known, 'source') + sum(known, 'target')
    this.#phase = 'comparing'
    for (const { db } of known)
      await Promise.all([
        this.#each(this.#keysOf(this.#source, db), (sides, keys) => this.#compare(sides, db, keys)),
        this.#each(this.#keysOf(this.#target, db), (sides, keys) => this.#findExtra(sides, db, keys)),
      ])
    let rounds = 0
    this.#phase = 'looking-again'
    while (this.#differences.length > 0 && this.#beyond === 0 && rounds < this.#spec.rounds) {
      rounds += 1
      await this.#pause()
      await this.#lookAgain()
    }
    const [counts, functionsDiffer] = await Promise.all([
      countBoth(this.#source, this.#target),
      this.#functionsDiffer(),
    ])
    return this.#result(counts, rounds, functionsDiffer)
  }

  async #countUntilEqual(): Promise<VerifyResult> {
    let counts = await countBoth(this.#source, this.#target)
    for (let round = 1; !agree(counts) && round <= this.#spec.rounds; round += 1) {
      await this.#pause()
      counts = await countBoth(this.#source, this.#target)
    }
    return this.#result(counts, 0, false)
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
        for await (const keys of batches) {
          await work(sides, keys)
          this.#tell()
        }
      }),
    )
  }

  async #compare({ source, target }: Sides, db: number, keys: readonly Buffer[]): Promise<void> {
    const { expiryToleranceMs } = this.#spec
    const open = await withoutSameBytes(source, target, db, keys, expiryToleranceMs)
    this.#note(await compareKeys(source, target, db, open, expiryToleranceMs))
    this.#keysDone += keys.length
    this.#compared += keys.length
  }

  async #findExtra({ source }: Sides, db: number, keys: readonly Buffer[]): Promise<void> {
    this.#keysDone += keys.length
    // One number for all of them (EXISTS takes several keys since 3.0.3) tells that none is missing.
    if (keys.length === 0 || (await source.askAll(db, [['EXISTS', ...keys]]))[0] === keys.length) return
    const found = await source.askAll(
      db,
      keys.map((key) => ['EXISTS', key]),
    )
    const extra = keys.filter((_, index) => found[index] === 0)
    this.#note(extra.map((key) => ({ db, key, kind: 'extra', detail: '' })))
  }

  #note(found: readonly KeyDifference[]): void {
    const room = keptForAnotherLook - this.#differences.length
    this.#differences.push(...found.slice(0, room))
    this.#beyond += Math.max(0, found.length - room)
  }

  async #lookAgain(): Promise<void> {
    const before = this.#differences
    this.#differences = []
    for (const db of new Set(before.map((difference) => difference.db))) {
      const keysOfDb = before.filter((difference) => difference.db === db).map(({ key }) => key)
      for (let at = 0; at < keysOfDb.length; at += scanCount) {
        const keys = keysOfDb.slice(at, at + scanCount)
        this.#note(await compareKeys(this.#source, this.#target, db, keys, this.#spec.expiryToleranceMs))
        this.#tell()
      }
    }
  }

  /** Not by FUNCTION DUMP: each server gives its libraries in an order of its own. Before 7.0 there are none. */
  async #functionsDiffer(): Promise<boolean> {
    const ask = ['FUNCTION', 'LIST', 'WITHCODE']
    const [[here], [there]] = await Promise.all([
      this.#source.askAll(0, [ask]),
      this.#target.askAll(0, [ask]),
    ])
    if (here instanceof ReplyError || there instanceof ReplyError) return false
    return librariesIn(here) !== librariesIn(there)
  }

  async #pause(): Promise<void> {
    await sleep(this.#spec.roundDelayMs, undefined, { signal: this.#signal })
  }

  #tell(): void {
    const now = performance.now()
    if (now - this.#reportedAt < reportEveryMs) return
    this.#reportedAt = now
    const elapsedMs = now - this.#started
    this.#report({
      phase: this.#phase,
      keysDone: this.#keysDone,
      keysTotal: Math.max(this.#keysTotal, this.#keysDone),
      differing: this.#differences.length + this.#beyond,
      keysPerSecond: Math.round((this.#keysDone / elapsedMs) * 1000),
      elapsedMs: Math.round(elapsedMs),
    })
  }

  #result(counts: readonly DbCount[], rounds: number, functionsDiffer: boolean): VerifyResult {
    const byKind: Partial<Record<DifferenceKind, number>> = {}
    for (const { kind } of this.#differences) byKind[kind] = (byKind[kind] ?? 0) + 1
    const differing = this.#differences.length + this.#beyond
    const { mode } = this.#spec
    return {
      mode,
      equal: mode === 'counts' ? agree(counts) : differing === 0 && !functionsDiffer,
      counts,
      sourceKeys: sum(counts, 'source'),
      targetKeys: sum(counts, 'target'),
      compared: this.#compared,
      differing,
      byKind,
      differences: this.#differences
        .slice(0, listed)
        .map(({ db, key, kind, detail }) => ({ db, key: escapeKey(key), kind, detail })),
      functionsDiffer,
      rounds,
      elapsedMs: Math.round(performance.now() - this.#started),
    }
  }
}

function agree(counts: readonly DbCount[]): boolean {
  return counts.every(({ source, target }) => source === target)
}

function sum(counts: readonly DbCount[], side: 'source' | 'target'): number {
  return counts.reduce((total, count) => total + count[side], 0)
}

/** Every library with its engine and code, in one order; the functions follow from the code. */
function librariesIn(reply: Reply | undefined): string {
  if (!Array.isArray(reply)) return ''
  const libraries = (reply as readonly (readonly Reply[])[]).map((fields) =>
    ['library_name', 'engine', 'library_code'].map((wanted) =>
      String(fields[fields.findIndex((name, at) => at % 2 === 0 && String(name) === wanted) + 1]),
    ),
  )
  return JSON.stringify(libraries.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)))
}
