import type { CommandRule, PlannedCommand, PlannedCommands } from '#contract/restore-plan.ts'
import { leftOutRules } from '#contract/selection.ts'
import { bytes, count } from './figures.ts'
import { cutOffLines } from './cut-off-lines.ts'
import { flagsOfRules } from './left-out-by.ts'
import { table } from './table.ts'

const namesTold = 20

/** What would become of the commands of append-only files, one string a line; of some of them each. */
export function commandPlanLines(commands: PlannedCommands): readonly string[] {
  const { byName, sample, total } = commands
  const all = total + sum(commands.leftOut)
  const shown = byName.slice(0, namesTold)
  const others = byName.slice(namesTold)
  return [
    ...cutOffLines(commands.cutOff),
    ...table(
      'Commands',
      [
        ['command', 'left'],
        ['applied', 'right'],
        ['left out', 'right'],
      ],
      [
        ...shown.map((row) => [row.name, count(row.applied), count(row.leftOut)]),
        ...(others.length === 0
          ? []
          : [
              [
                `${count(others.length)} more`,
                count(others.reduce((of, { applied }) => of + applied, 0)),
                count(others.reduce((of, { leftOut }) => of + leftOut, 0)),
              ],
            ]),
      ],
    ),
    ...table(
      `Commands, ${count(sample.length)} of ${count(all)}`,
      [
        ['db', 'right'],
        ['command', 'left'],
        ['key', 'left'],
        ['becomes', 'left'],
      ],
      sample.map((one) => [String(one.db), one.name, one.key, becomes(one)]),
    ),
  ]
}

/** How many would be applied and left out, as rows of a name, a figure and a note. */
export function commandFigures(
  commands: PlannedCommands,
): readonly (readonly [name: string, value: string, note: string])[] {
  const { total, leftOut, keys, bytes: size } = commands
  const left = sum(leftOut)
  return [
    ['commands', count(total), `of about ${count(keys)} keys, ${bytes(size)} in the file`],
    ...(left === 0 ? [] : [['left out', `${count(left)} commands`, leftOutBy(leftOut)] as const]),
  ]
}

function sum(leftOut: PlannedCommands['leftOut']): number {
  return Object.values(leftOut).reduce((total, some) => total + some, 0)
}

function leftOutBy(leftOut: PlannedCommands['leftOut']): string {
  const rules = [...leftOutRules, 'functions' as const].filter((rule) => leftOut[rule] > 0)
  return `by ${rules.map((rule) => `${said(rule)} (${count(leftOut[rule])})`).join(', ')}`
}

function said(rule: CommandRule): string {
  return rule === 'functions' ? 'certain keys being asked for' : flagsOfRules[rule]
}

function becomes({ leftOutBy: rule, newDb, newKey }: PlannedCommand): string {
  return rule === '' ? `db ${newDb} ${newKey}`.trimEnd() : `left out by ${said(rule)}`
}
