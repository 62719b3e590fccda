import { makeFailure, type Failure } from '#contract/failure.ts'
import type { Loss } from '#contract/loss.ts'
import type { RestorePlan } from '#contract/restore-plan.ts'
import { createCrc64Arena } from '../bytes/crc64.ts'
import { estimateTime } from '../plan/estimate.ts'
import type { LandedInput } from '../source/land-input.ts'
import { readingBytes } from '../source/rdb-file.ts'
import { holdsPart, lookForCommands } from './aof-look.ts'
import { AofSeries, identifySeries } from './aof-series.ts'
import { assertNothingShared } from './aof-shared-keys.ts'
import { CommandPlan } from './command-plan.ts'
import { passes, planKeys, type AskedTarget, type Planning } from './plan-keys.ts'
import { measureLink } from './plan-questions.ts'
import { placeOf } from './target-place.ts'

/**
 * What a restore would do of which one input at least is an append-only file: of the RDBs in it, key by key; of the
 * commands, which and how many. What values those make is not guessed. Fails as `planRestore` does.
 */
export async function planAof(
  inputs: readonly LandedInput[],
  planning: Planning,
  ask: () => Promise<AskedTarget & Disposable>,
): Promise<RestorePlan> {
  const { spec, rules, meter, signal } = planning
  await using opened = await AofSeries.open(inputs)
  const bytes = opened.size
  meter.measure(bytes)
  const arena = createCrc64Arena(readingBytes)
  const tally = new CommandPlan(rules)
  meter.enter('checking')
  const series = await opened.survey(spec, arena, rules, meter, signal, tally.see)
  const { parts, bases, commands } = series

  meter.enter('looking', bases.keys)
  using target = await ask()
  const { inquiry, link } = target
  const { address, look } = inquiry
  const stops: Failure[] = []
  const dbs = [...new Set([...commands.targetDbs, ...bases.targetDbs])].sort((a, b) => a - b)
  const { task } = identifySeries(series, spec)
  const isBegun =
    spec.resume === 'continue' && (await holdsPart(inquiry, placeOf(spec.target, task, inquiry)))
  let cannotDo: readonly Loss[] = []
  await passes(stops, async () => {
    cannotDo = await lookForCommands(inquiry, spec, commands, {
      writtenDbs: dbs,
      merges: commands.targetDbs.length < commands.dbs.length,
      begun: isBegun,
      refuse: (code, params) => void stops.push(makeFailure(code, params)),
    })
  })
  if (parts.length > 1 && spec.onConflict === 'fail' && !isBegun)
    await passes(stops, () => assertNothingShared({ parts, arena, rules, meter, signal }))
  const keys = await planKeys({
    ...planning,
    inquiry,
    link,
    arena,
    survey: bases,
    files: parts.flatMap(({ base }) => (base === null ? [] : [base])),
    stops,
    inFront: true,
    isOurs: isBegun,
  })
  await opened.assertUnchanged()
  const planned = tally.told(series, isBegun)
  return {
    files: spec.files,
    bytes,
    target: address,
    targetVersion: look.version,
    ...keys,
    cannotHold: [...cannotDo, ...keys.cannotHold],
    commands: planned,
    time: estimateTime(keys.toWrite, spec.limits, await measureLink(link), planned),
    // What is in the way of the keys may be in that of the commands too.
    stops: stops.filter(({ code }, at) => stops.findIndex((one) => one.code === code) === at),
  }
}
