import { addressOf } from '#contract/connection.ts'
import { escapeKey } from '#contract/escape-key.ts'
import type { Loss } from '#contract/loss.ts'
import type { KeyExample, RestoreResult, RestoreSpec } from '#contract/restore.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import type { LandedInput } from '../source/land-input.ts'
import type { FailedUnit } from '../target/transaction-frame.ts'
import type { AofBase } from './aof-base.ts'
import type { SurveyedSeries } from './aof-series.ts'
import { noCounts, type Counts } from './ledger.ts'
import type { RestoreMeter } from './restore-meter.ts'

const examplesKept = 20

/** What has become of a restore of append-only files so far. */
export class AofOutcome {
  /** Who writes the RDBs in front, by the place of their inputs in the series. */
  readonly bases = new Map<number, AofBase>()
  resumedFrom: number | null = null
  #applied = 0
  #failed = 0
  readonly #examples: KeyExample[] = []

  /** Of all RDBs together. */
  get counts(): Readonly<Counts> {
    const sum = noCounts()
    for (const { counts } of this.bases.values())
      for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name]
    return sum
  }

  took(commands: number): void {
    this.#applied += commands
  }

  noteFailed(units: readonly FailedUnit[]): void {
    for (const { unit, reply } of units) {
      this.#failed += unit.commands.length
      if (this.#examples.length >= examplesKept) continue
      const [named] = unit.commands.flatMap(({ keys }) => keys)
      const { code } = classifyReplyError(reply, {})
      this.#examples.push({
        db: named?.db ?? unit.commands[0]?.db ?? 0,
        key: named === undefined ? (unit.commands[0]?.name ?? '') : escapeKey(named.key),
        reason: code,
      })
    }
  }

  /** `inputs` in the order in which they are told. */
  result({ spec, inputs, series, losses, meter, checkMs, reconnects }: ResultParts): RestoreResult {
    const { parts, bases, commands } = series
    const counts = this.counts
    const partOf = new Map(parts.map((part) => [part.landed, part]))
    const examples = [...[...this.bases.values()].flatMap((base) => base.examples), ...this.#examples]
    return {
      inputs: inputs.map((landed) => {
        const { input, base } = partOf.get(landed)!
        return {
          file: input.name,
          kind: landed.kind === 'rdb' ? 'rdb' : 'aof',
          bytes: input.size,
          keys: base?.surveyed.keys ?? 0,
          keptAt: landed.kept ? landed.path : null,
        }
      }),
      target: addressOf(spec.target),
      bytes: parts.at(-1)!.input.end,
      keys: bases.keys,
      keysWritten: counts.written,
      keysSkipped: counts.skipped,
      keysFiltered: counts.filtered,
      leftOut: bases.leftOut,
      keysRenamed: bases.renamed,
      keysExpired: counts.expired,
      keysFailed: counts.failed,
      functions: counts.functions,
      functionsLeftOut: bases.librariesLeftOut,
      cannotHold: losses,
      commands: {
        total: commands.commands,
        applied: this.#applied - this.#failed,
        failed: this.#failed,
        leftOut: commands.leftOut,
        cutOff: parts.flatMap(({ survey }) => survey.cutOff ?? []),
      },
      examples: examples.slice(0, examplesKept),
      resumedFrom: this.resumedFrom,
      // The notes in the target tell places, not keys: these are counted from here on.
      keysBefore: 0,
      reconnects,
      ...meter.costs(checkMs),
    }
  }
}

interface ResultParts {
  readonly spec: RestoreSpec
  readonly inputs: readonly LandedInput[]
  readonly series: SurveyedSeries
  readonly losses: readonly Loss[]
  readonly meter: RestoreMeter
  readonly checkMs: number
  readonly reconnects: number
}
