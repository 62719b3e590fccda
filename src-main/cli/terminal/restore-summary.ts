import type { RestoreResult } from '#contract/restore.ts'
import { cutOffLines } from './cut-off-lines.ts'
import { functionsRow } from './functions-row.ts'
import { lossLines } from './loss-lines.ts'
import { bytes, count, duration, keys, short } from './figures.ts'
import { leftOutBy } from './left-out-by.ts'

/** What a restore did, in words and figures, one string a line. */
export function restoreSummary(result: RestoreResult): readonly string[] {
  const { keysSkipped, keysFiltered, keysExpired, keysFailed, reconnects } = result
  const before = result.keysBefore > 0 ? `${keys(result.keysBefore)} of them by the run before` : ''
  const rows: [string, string, string][] = [['written', keys(result.keysWritten), before]]
  rows.push(...functionsRow(result))
  if (keysSkipped > 0) rows.push(['skipped', keys(keysSkipped), 'the target had them already'])
  if (keysFiltered > 0) rows.push(['left out', keys(keysFiltered), leftOutBy(result.leftOut)])
  if (result.keysRenamed > 0) rows.push(['renamed', keys(result.keysRenamed), ''])
  if (keysExpired > 0) rows.push(['expired', keys(keysExpired), 'past their time, as Redis would do'])
  if (keysFailed > 0)
    rows.push(['failed', keys(keysFailed), 'refused by the target, or more than it can hold'])
  rows.push(...commandRows(result))
  if (reconnects > 0)
    rows.push(['reconnected', `${count(reconnects)} ${reconnects === 1 ? 'time' : 'times'}`, ''])
  rows.push(['time', duration(result.elapsedMs), timing(result)])
  if (result.writeMs > 0) rows.push(['speed', ...speed(result)])
  const wide = Math.max(...rows.map(([, value]) => value.length))
  return [
    `Restored ${result.inputs.map(({ file }) => file).join(', ')} (${bytes(result.bytes)}) into ${result.target}.`,
    ...rows.map(([name, value, note]) => `  ${name.padEnd(12)}${value.padEnd(wide)}  ${note}`.trimEnd()),
    ...result.inputs.flatMap(({ keptAt }) => (keptAt === null ? [] : [`Kept at ${keptAt}.`])),
    ...cutOffLines(result.commands?.cutOff ?? []),
    ...lossLines(result.cannotHold),
    ...exampleLines(result),
  ]
}

function commandRows({ commands, resumedFrom }: RestoreResult): readonly [string, string, string][] {
  if (commands === null) return []
  const { applied, failed, leftOut } = commands
  const before = resumedFrom === null ? '' : 'and those of the run before'
  const rows: [string, string, string][] = [['commands', count(applied), before]]
  if (failed > 0) rows.push(['failed', count(failed), 'commands that the target refused'])
  if (leftOut > 0) rows.push(['left out', count(leftOut), 'commands, by the rules for keys'])
  return rows
}

function timing({ checkMs, writeMs }: RestoreResult): string {
  return `${duration(checkMs)} checking, ${duration(writeMs)} writing`
}

/** Of this run alone: what an earlier one had written took none of its time. */
function speed({ commands, writeMs, ...result }: RestoreResult): [string, string] {
  const seconds = writeMs / 1000
  const keysWritten = result.keysWritten - result.keysBefore
  const size = result.bytes - (result.resumedFrom ?? 0)
  const many =
    keysWritten === 0 && commands !== null
      ? `${short(commands.applied / seconds)} commands/s`
      : `${short(keysWritten / seconds)} keys/s`
  return [many, `${bytes(size / seconds)}/s`]
}

function exampleLines({ examples, keysSkipped, keysFailed }: RestoreResult): readonly string[] {
  if (examples.length === 0) return []
  const all = examples.length >= keysSkipped + keysFailed
  return [
    all ? 'Skipped or failed:' : 'Skipped or failed, for example:',
    ...examples.map(({ db, key, reason }) => `  db ${db}  ${key}${reason === '' ? '' : `  (${reason})`}`),
  ]
}
