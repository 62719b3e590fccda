import type { ReadinessAdvice, ReadinessFinding, ReadinessReport } from '#contract/readiness.ts'
import { count } from './figures.ts'

const shown = 20

/** Which case it is, what is in the way, and what to change. */
export function readinessLines(report: ReadinessReport): readonly string[] {
  const { findings, units, several, crossing, reads, dbs, servers } = report
  const beyond = dbs.filter((db) => db !== 0)
  return [
    cases[report.case],
    `  ${count(units)} ${reads ? 'commands' : 'writes'} seen, ${count(several)} with several keys, ${count(crossing)} of them in different slots`,
    ...(servers.length > 1 ? [`  at ${count(servers.length)} servers: ${servers.join(', ')}`] : []),
    ...(beyond.length === 0
      ? []
      : [`  databases ${beyond.join(', ')} are used: a cluster has database 0 only (restore --target-db 0)`]),
    ...(reads ? [] : ['  reads were not seen: MGET, SUNION and the like show with --monitor only']),
    ...findings.slice(0, shown).flatMap(findingLines),
    ...(findings.length > shown ? [`… and ${count(findings.length - shown)} kinds more`] : []),
  ]
}

const cases: Readonly<Record<ReadinessReport['case'], string>> = {
  1: 'Case 1: nothing touches several keys. Applications can use a cluster as they are.',
  2: 'Case 2: what touches several keys keeps to one slot. Applications can use a cluster as they are.',
  3: 'Case 3: keys of different slots are touched together. A cluster refuses that; applications have to change.',
}

function findingLines({
  what,
  name,
  count: all,
  crossing,
  share,
  example,
  advice,
}: ReadinessFinding): readonly string[] {
  const where = crossing === 0 ? 'one slot' : `${count(crossing)} of ${count(all)} in different slots`
  return [
    `${what} ${name}: ${count(all)} (${percent(share)} of all), ${where}`,
    ...(example.length === 0 ? [] : [`    such as ${example.join('  ')}`]),
    ...(advice === null ? [] : [`    ${words[advice]}`]),
  ]
}

const words: Readonly<Record<ReadinessAdvice, string>> = {
  tag: 'Give keys that belong together a common hash tag, such as {user:7}:cart, or do without it.',
  split: 'Have the client send one for each key; most clients for clusters do so by themselves.',
  databases: 'A cluster has database 0 only: keep what it holds apart by prefixes.',
  declare: 'Have the script name every key it touches, and see that they share a slot.',
}

function percent(share: number): string {
  return share >= 0.001 ? `${(share * 100).toFixed(1)} %` : 'under 0.1 %'
}
