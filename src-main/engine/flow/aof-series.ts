import { createHash } from 'node:crypto'
import { fail } from '#contract/failure.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import type { Crc64Arena } from '../bytes/crc64.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import { openAofInput, openWithoutCommands, type AofInput } from '../source/aof-input.ts'
import type { LandedInput } from '../source/land-input.ts'
import { RdbFile } from '../source/rdb-file.ts'
import { surveyAof, type AofSurvey, type OnCommand } from './aof-survey.ts'
import type { RestoreMeter } from './restore-meter.ts'
import { Surveyor, type Survey, type SurveyedFile } from './survey.ts'

interface OpenInput {
  readonly landed: LandedInput
  readonly input: AofInput
  /** The RDB it begins with, if it does; an RDB file is one behind which nothing follows. */
  readonly baseFile: RdbFile | null
}

/** One input of a series: perhaps an RDB, then the commands behind it. */
export interface SeriesPart extends OpenInput {
  /** What was found in its RDB. */
  readonly base: { readonly file: RdbFile; readonly surveyed: SurveyedFile } | null
  /** Where the commands begin, counted over all inputs. */
  readonly commandsFrom: number
  readonly survey: AofSurvey
}

/** What the inputs of a series hold together. */
export interface SurveyedSeries {
  readonly parts: readonly SeriesPart[]
  /** The RDBs of all of them. */
  readonly bases: Survey
  /** The commands of all of them. */
  readonly commands: CommandsSurvey
}

export type CommandsSurvey = Pick<
  AofSurvey,
  | 'commands'
  | 'leftOut'
  | 'byName'
  | 'unknown'
  | 'needs'
  | 'inseparable'
  | 'notInCluster'
  | 'dbs'
  | 'targetDbs'
>

/**
 * Inputs of which one at least holds commands, kept open, their offsets going on from one to the next. RDB files
 * come first, then the others, both in the order in which they were given.
 */
export class AofSeries implements AsyncDisposable {
  readonly #inputs: OpenInput[] = []

  /** Fails with `file.*` or `aof.*`. */
  static async open(landed: readonly LandedInput[]): Promise<AofSeries> {
    const series = new AofSeries()
    const rdbFirst = [
      ...landed.filter(({ kind }) => kind === 'rdb'),
      ...landed.filter(({ kind }) => kind !== 'rdb'),
    ]
    try {
      for (const one of rdbFirst) await series.#open(one)
      return series
    } catch (thrown) {
      await series[Symbol.asyncDispose]()
      throw thrown
    }
  }

  /** Bytes of all together. */
  get size(): number {
    return this.#inputs.at(-1)?.input.end ?? 0
  }

  /** Fails with `file.changed`. */
  async assertUnchanged(): Promise<void> {
    for (const { input } of this.#inputs) await input.assertUnchanged()
  }

  /** Reads everything once, and vouches for it. Fails as `surveyFiles` and `surveyAof` do. */
  async survey(
    spec: Pick<RestoreSpec, 'until' | 'types' | 'excludeTypes'>,
    arena: Crc64Arena,
    rules: KeyRules,
    meter: RestoreMeter,
    signal: AbortSignal,
    onCommand?: OnCommand,
  ): Promise<SurveyedSeries> {
    const surveyor = new Surveyor(rules)
    const parts: SeriesPart[] = []
    for (const open of this.#inputs) {
      const { input, baseFile, landed } = open
      const surveyed = baseFile === null ? null : await surveyor.read(baseFile, arena, meter, signal)
      const trailing = landed.kind === 'rdb' ? 0 : (surveyed?.checked.trailingBytes ?? 0)
      const commandsFrom = baseFile === null ? 0 : baseFile.size - trailing
      const survey = await surveyAof({
        input,
        commandsFrom,
        rules,
        until: spec.until,
        onCommand,
        progress: (bytesDone) => meter.advance(bytesDone),
        signal,
      })
      const base = baseFile === null ? null : { file: baseFile, surveyed: surveyed! }
      parts.push({ ...open, base, commandsFrom: input.start + commandsFrom, survey })
    }
    const commands = together(parts.map(({ survey }) => survey))
    if (spec.types !== undefined || spec.excludeTypes !== undefined)
      if (commands.commands > 0) fail('aof.cannot-select', { commands: 'types' })
    return { parts, bases: surveyor.survey, commands }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { input, baseFile } of this.#inputs) {
      await input[Symbol.asyncDispose]()
      await baseFile?.[Symbol.asyncDispose]()
    }
  }

  async #open(landed: LandedInput): Promise<void> {
    const { path, name, kind } = landed
    const start = this.size
    const input =
      kind === 'rdb'
        ? await openWithoutCommands(path, name, start)
        : ((await openAofInput(path, name, start)) ?? fail('file.changed', { file: name }))
    try {
      const [first] = input.files
      const hasBase = kind === 'rdb' || first!.beginsWithRdb
      const named = kind === 'rdb' ? name : first!.path
      const baseFile = hasBase ? await RdbFile.open(first!.path, named, start) : null
      this.#inputs.push({ landed, input, baseFile })
    } catch (thrown) {
      await input[Symbol.asyncDispose]()
      throw thrown
    }
  }
}

/**
 * A restore that is run again is known by its content and its rules: forty hexadecimal digits for these, and the
 * name of the task that they make.
 */
export function identifySeries(
  { parts }: SurveyedSeries,
  spec: RestoreSpec,
): { readonly id: string; readonly task: string } {
  const { until, targetDb, dbMap, include, exclude, dbs, types, excludeTypes, slots } = spec
  const { stripPrefix, addPrefix, dbPrefix } = spec
  const rules = [until, targetDb, dbMap, include, exclude, dbs, types, excludeTypes, slots]
  const names = [stripPrefix, addPrefix, dbPrefix]
  const id = createHash('sha1')
    .update(JSON.stringify([parts.map(({ survey }) => survey.id), rules, names]))
    .digest('hex')
  return { id, task: `restore-${id.slice(0, 12)}` }
}

function together(surveys: readonly AofSurvey[]): CommandsSurvey {
  const needs = new Map<string, { what: string; since: number; count: number }>()
  for (const [what, need] of surveys.flatMap((survey) => [...survey.needs]))
    needs.set(what, { ...need, count: need.count + (needs.get(what)?.count ?? 0) })
  return {
    commands: total(surveys, ({ commands }) => commands),
    leftOut: total(surveys, ({ leftOut }) => leftOut),
    byName: added(surveys.map(({ byName }) => byName)),
    unknown: added(surveys.map(({ unknown }) => unknown)),
    inseparable: added(surveys.map(({ inseparable }) => inseparable)),
    notInCluster: added(surveys.map(({ notInCluster }) => notInCluster)),
    needs,
    dbs: distinct(surveys.flatMap(({ dbs }) => dbs)),
    targetDbs: distinct(surveys.flatMap(({ targetDbs }) => targetDbs)),
  }
}

function total<T>(all: readonly T[], count: (one: T) => number): number {
  return all.reduce((sum, one) => sum + count(one), 0)
}

function added(counts: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const [name, count] of counts.flatMap((some) => [...some]))
    sums.set(name, (sums.get(name) ?? 0) + count)
  return sums
}

function distinct(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)].sort((a, b) => a - b)
}
