import { keysOf, type ServerFacts } from '#contract/connection.ts'
import type { FileReport } from '#contract/inspect.ts'
import { keyKinds, lastSlot, wantsKind, type FollowedRules, type SlotRange } from '#contract/selection.ts'

/**
 * About how many keys go along, and what they take.
 * - `exact`: counted in the files
 * - `about`: shares of databases, types, slots and prefixes, taken as if each were spread evenly over the others
 * - `at-most`: a pattern was given that the prefixes of the files say nothing about
 */
export interface ScopeEstimate {
  readonly keys: number
  /** In the files; null of a server. */
  readonly bytes: number | null
  /** About what they take on a server; null where that is not told. */
  readonly memoryBytes: number | null
  readonly how: 'exact' | 'about' | 'at-most'
}

/** Of files. */
export type FilesEstimate = ScopeEstimate & { readonly bytes: number; readonly memoryBytes: number }

export function estimateScope(reports: readonly FileReport[], scope: FollowedRules): FilesEstimate {
  const estimates = reports.map((report) => estimateOne(report, scope))
  const sum = (of: (one: FilesEstimate) => number): number => estimates.reduce((all, one) => all + of(one), 0)
  const hows = new Set(estimates.map(({ how }) => how))
  return {
    keys: Math.round(sum(({ keys }) => keys)),
    bytes: Math.round(sum(({ bytes }) => bytes)),
    memoryBytes: Math.round(sum(({ memoryBytes }) => memoryBytes)),
    how: hows.has('at-most') ? 'at-most' : hows.has('about') ? 'about' : 'exact',
  }
}

/** The same of a server by what its test has told: of types and names that is nothing. */
export function estimateLive(
  { keysPerDb, usedMemory }: Pick<ServerFacts, 'keysPerDb' | 'usedMemory'>,
  { dbs, slots, ...rules }: FollowedRules,
): ScopeEstimate {
  const all = keysOf({ keysPerDb })
  const inDbs = Object.entries(keysPerDb).filter(([db]) => dbs?.includes(Number(db)) ?? true)
  const ofDbs = ratio(keysOf({ keysPerDb: Object.fromEntries(inDbs) }), all)
  const ofSlots = slots === undefined ? whole : shareOfSlots(slots)
  const share = ofDbs * ofSlots.keys
  const chooses =
    rules.include.length + rules.exclude.length > 0 || !keyKinds.every((kind) => wantsKind(rules, kind))
  return {
    keys: Math.round(all * share),
    bytes: null,
    memoryBytes: usedMemory === null ? null : Math.round(usedMemory * share),
    how: chooses ? 'at-most' : ofSlots.how,
  }
}

interface Share {
  readonly keys: number
  /** Of bytes, and of memory. */
  readonly weight: number
  readonly how: ScopeEstimate['how']
}

const whole: Share = { keys: 1, weight: 1, how: 'exact' }

function estimateOne(report: FileReport, scope: FollowedRules): FilesEstimate {
  const shares = [
    scope.dbs === undefined ? whole : shareOfDbs(report, scope.dbs),
    scope.types === undefined ? whole : shareOfKinds(report, scope.types),
    scope.slots === undefined ? whole : shareOfSlots(scope.slots),
    scope.include.length === 0 ? whole : shareOfPatterns(report, scope.include),
    scope.exclude.length === 0 ? whole : without(shareOfPatterns(report, scope.exclude)),
  ]
  const keys = shares.reduce((all, share) => all * share.keys, 1)
  const weight = shares.reduce((all, share) => all * share.weight, 1)
  // Two exact shares together are one of the other only on average.
  const isOne = shares.filter((share) => share.keys < 1).length <= 1
  const hows = new Set(shares.map(({ how }) => how))
  return {
    keys: report.keys * keys,
    bytes: report.bytes * weight,
    memoryBytes: report.memoryBytes * weight,
    how: hows.has('at-most') ? 'at-most' : hows.has('about') || !isOne ? 'about' : 'exact',
  }
}

function shareOfDbs(report: FileReport, dbs: readonly number[]): Share {
  const keys = report.dbs.filter(({ db }) => dbs.includes(db)).reduce((sum, row) => sum + row.keys, 0)
  const share = ratio(keys, report.keys)
  return { keys: share, weight: share, how: 'exact' }
}

function shareOfKinds(report: FileReport, kinds: readonly string[]): Share {
  const chosen = report.types.filter(({ kind }) => kinds.includes(kind))
  const sum = (rows: FileReport['types'], of: 'keys' | 'bytes'): number =>
    rows.reduce((all, row) => all + row[of], 0)
  return {
    keys: ratio(sum(chosen, 'keys'), report.keys),
    weight: ratio(sum(chosen, 'bytes'), sum(report.types, 'bytes')),
    how: 'exact',
  }
}

function shareOfSlots(ranges: readonly SlotRange[]): Share {
  const chosen = new Set(
    ranges.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at)),
  )
  const share = chosen.size / (lastSlot + 1)
  return { keys: share, weight: share, how: 'about' }
}

/** Of `beginning*` the prefixes of the file can tell; of any other pattern they cannot. */
function shareOfPatterns(report: FileReport, globs: readonly string[]): Share {
  if (globs.includes('*')) return whole
  const beginnings = globs.map((glob) => /^([^*?[\]\\]+)\*$/.exec(glob)?.[1])
  const rows = report.prefixes.rows.filter(({ prefix }) =>
    beginnings.some((beginning) => beginning !== undefined && prefix.startsWith(beginning)),
  )
  const told = beginnings.every((beginning) =>
    rows.some(({ prefix }) => beginning !== undefined && prefix.startsWith(beginning)),
  )
  if (!told) return { keys: 1, weight: 1, how: 'at-most' }
  const sum = (of: 'keys' | 'memoryBytes'): number => rows.reduce((all, row) => all + row[of], 0)
  return {
    keys: ratio(sum('keys'), report.keys),
    weight: ratio(sum('memoryBytes'), report.memoryBytes),
    how: 'about',
  }
}

/** What is left without a share; all of it where that is not known. */
function without(share: Share): Share {
  if (share.how === 'at-most') return share
  return { keys: 1 - share.keys, weight: 1 - share.weight, how: share.how }
}

function ratio(part: number, all: number): number {
  return all === 0 ? 0 : Math.min(1, part / all)
}
