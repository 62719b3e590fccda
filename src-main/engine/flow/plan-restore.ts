import type { Failure } from '#contract/failure.ts'
import type { RestorePlan } from '#contract/restore-plan.ts'
import type { RestoreProgress, RestoreSpec } from '#contract/restore.ts'
import { createCrc64Arena } from '../bytes/crc64.ts'
import { estimateTime } from '../plan/estimate.ts'
import { makeKeyRules } from '../plan/key-rules.ts'
import { Link } from '../resp/link.ts'
import type { LandedInput } from '../source/land-input.ts'
import { readingBytes } from '../source/rdb-file.ts'
import { RdbFiles } from '../source/rdb-files.ts'
import { openInquiry } from '../target/inquiry.ts'
import { lookSilenceMs } from '../target/look.ts'
import { LandedInputs } from './land-inputs.ts'
import { planAof } from './plan-aof.ts'
import { planKeys, type AskedTarget, type Planning } from './plan-keys.ts'
import { measureLink } from './plan-questions.ts'
import { RestoreMeter } from './restore-meter.ts'
import { refuseMoment } from './restore.ts'
import { surveyFiles } from './survey.ts'

/**
 * Finds out what a restore would do, key by key and command by command, and writes nothing, not even for a moment:
 * what the target takes is believed by its version. What would end the restore before its first write is told with
 * all the rest.
 *
 * Fails with `file.*`, `aof.*`, `connect.*`, `tls.*`, `auth.*` or `job.cancelled`.
 */
export async function planRestore(
  spec: RestoreSpec,
  report: (progress: RestoreProgress) => void,
  signal: AbortSignal,
): Promise<RestorePlan> {
  const meter = new RestoreMeter(0, report)
  await using inputs = await LandedInputs.land(spec, meter, signal)
  refuseMoment(spec, inputs.all)
  const planning = { spec, rules: makeKeyRules(spec), meter, signal }
  const ask = async (): Promise<AskedTarget & Disposable> => await askedTarget(planning)
  return inputs.all.every(({ kind }) => kind === 'rdb')
    ? await planFiles(inputs.all, planning, ask)
    : await planAof(inputs.all, planning, ask)
}

async function planFiles(
  inputs: readonly LandedInput[],
  planning: Planning,
  ask: () => Promise<AskedTarget & Disposable>,
): Promise<RestorePlan> {
  const { spec, rules, meter, signal } = planning
  await using opened = await RdbFiles.open(inputs)
  const { all: files, size: bytes } = opened
  meter.measure(bytes)
  const arena = createCrc64Arena(readingBytes)
  meter.enter('checking')
  const { survey, files: surveyed } = await surveyFiles(files, arena, rules, meter, signal)

  meter.enter('looking', survey.keys)
  using target = await ask()
  const { address, look } = target.inquiry
  const stops: Failure[] = []
  const keys = await planKeys({
    ...planning,
    inquiry: target.inquiry,
    link: target.link,
    arena,
    survey,
    files: files.map((file, at) => ({ file, surveyed: surveyed[at]! })),
    stops,
    inFront: false,
    isOurs: false,
  })
  await opened.assertUnchanged()
  return {
    files: spec.files,
    bytes,
    target: address,
    targetVersion: look.version,
    ...keys,
    commands: null,
    time: estimateTime(keys.toWrite, spec.limits, await measureLink(target.link)),
    stops,
  }
}

async function askedTarget({ spec, signal }: Planning): Promise<AskedTarget & Disposable> {
  const inquiry = await openInquiry(spec.target, signal)
  try {
    const link = await Link.open(spec.target, { signal, silenceMs: lookSilenceMs, name: 'keyferry:look' })
    const ending = link.endWith(signal)
    return {
      inquiry,
      link,
      [Symbol.dispose]() {
        ending[Symbol.dispose]()
        link.close()
        inquiry[Symbol.dispose]()
      },
    }
  } catch (thrown) {
    inquiry[Symbol.dispose]()
    throw thrown
  }
}
