import { escapeKey } from '#contract/escape-key.ts'
import type { CommandRule, PlannedCommand, PlannedCommands } from '#contract/restore-plan.ts'
import { leftOutRules } from '#contract/selection.ts'
import { DistinctCount } from '../bytes/distinct-count.ts'
import { keysOfCommand } from '../plan/command-keys.ts'
import { CommandRules, type Ruled } from '../plan/command-rules.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import type { SurveyedSeries } from './aof-series.ts'
import { EvenSample } from './even-sample.ts'
import { nameOfCommand, type UnitCommand } from './units.ts'

/** At most so many commands are told of one by one. */
const sampleSize = 100

/** Counts what would become of every command of some append-only files. */
export class CommandPlan {
  readonly #rules: CommandRules
  readonly #byName = new Map<string, { name: string; applied: number; leftOut: number }>()
  readonly #leftOut = Object.fromEntries(
    [...leftOutRules, 'functions' as const].map((rule) => [rule, 0]),
  ) as Record<CommandRule, number>
  readonly #sample = new EvenSample<PlannedCommand>(sampleSize)
  /** As they are called on the target. */
  readonly #keys = new DistinctCount()
  #bytes = 0

  constructor(rules: KeyRules) {
    this.#rules = new CommandRules(rules)
  }

  /** Of one command, and what the rules make of it. Those that cannot be parted end the restore: not counted. */
  readonly see = (command: UnitCommand, ruled: Ruled): void => {
    if (ruled === 'inseparable') return
    const name = nameOfCommand(command)
    let row = this.#byName.get(name)
    if (row === undefined) this.#byName.set(name, (row = { name, applied: 0, leftOut: 0 }))
    const rule = ruled === 'left-out' ? this.#rules.ruleAgainst(command) : ''
    if (rule === '') {
      row.applied += 1
      this.#bytes += bytesOf(command)
      if (typeof ruled !== 'string') for (const { db, key } of keysOfCommand(ruled)) this.#keys.add(key, db)
    } else {
      row.leftOut += 1
      this.#leftOut[rule] += 1
    }
    this.#sample.pass(() => planned(command, ruled, rule))
  }

  /** All of it, once everything has been seen. */
  told({ parts, commands }: SurveyedSeries, isBegun: boolean): PlannedCommands {
    return {
      total: commands.commands,
      leftOut: this.#leftOut,
      bytes: this.#bytes,
      keys: this.#keys.estimate,
      byName: [...this.#byName.values()]
        .map((row) => ({ ...row, name: escapeKey(Buffer.from(row.name, 'latin1')) }))
        .sort((a, b) => b.applied + b.leftOut - a.applied - a.leftOut),
      cutOff: parts.flatMap(({ survey }) => survey.cutOff ?? []),
      sample: this.#sample.taken,
      isBegun,
    }
  }
}

function bytesOf({ raw, args, long }: UnitCommand): number {
  if (raw.length > 0) return raw.length
  return args.reduce((sum, arg) => sum + (long?.get(arg)?.length ?? arg.length), 0)
}

function planned(command: UnitCommand, ruled: Ruled, leftOutBy: CommandRule | ''): PlannedCommand {
  const before = firstKey(command)
  const after = typeof ruled === 'string' ? before : firstKey(ruled)
  return {
    name: escapeKey(Buffer.from(nameOfCommand(command), 'latin1')),
    ...before,
    newDb: after.db,
    newKey: after.key,
    leftOutBy,
  }
}

function firstKey(command: UnitCommand): { readonly db: number; readonly key: string } {
  const [first] = keysOfCommand(command)
  return first === undefined ? { db: command.db, key: '' } : { db: first.db, key: escapeKey(first.key) }
}
