import { SvelteSet } from 'svelte/reactivity'
import type { AskedRestore, RestoreRequest } from '#contract/restore.ts'
import { keyKinds, type KeyKind, type TtlRule } from '#contract/selection.ts'
import type { Problem } from './connection-draft.svelte.ts'
import {
  isWithin,
  parseDatabases,
  parseDbMap,
  parseDbPrefixes,
  parsePatterns,
  parseSlots,
} from './restore-fields.ts'
import type { RestoreInputs } from './restore-inputs.svelte.ts'
import { estimateScope, type ScopeEstimate } from './scope-estimate.ts'

export const timeUnits = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const
export type TimeUnit = keyof typeof timeUnits

/** Which keys go along, and under which name, where and for how long they live, as it is being chosen. */
export class RestoreScope {
  readonly #inputs: RestoreInputs
  /** Ticks taken away: what a further file brings goes along until it is left out. */
  readonly withoutDbs = new SvelteSet<number>()
  readonly withoutKinds = new SvelteSet<KeyKind>()
  /** Databases by number, where the keys of some files are not known. */
  onlyDbs = $state('')
  include = $state('')
  exclude = $state('')
  slots = $state('')
  /** Local time, as a field of the browser has it; empty for all of an append-only file. */
  until = $state('')
  databases = $state<'keep' | 'one' | 'map'>('keep')
  targetDb = $state('0')
  dbMap = $state('')
  stripPrefix = $state('')
  addPrefix = $state('')
  dbPrefix = $state('')
  ttl = $state<TtlRule['rule']>('keep')
  ttlAmount = $state('1')
  ttlUnit = $state<TimeUnit>('day')

  constructor(inputs: RestoreInputs) {
    this.#inputs = inputs
  }

  /** The databases of the files with their keys; null where the keys of some are not known. */
  get knownDbs(): readonly { readonly db: number; readonly keys: number }[] | null {
    if (!this.#inputs.areKnown) return null
    const sums: Record<number, number> = {}
    for (const { dbs } of this.#inputs.reports)
      for (const { db, keys } of dbs) sums[db] = (sums[db] ?? 0) + keys
    return Object.entries(sums).map(([db, keys]) => ({ db: Number(db), keys }))
  }

  /** The types of the files with their keys; all there are, without, where the keys of some are not known. */
  get knownKinds(): readonly { readonly kind: KeyKind; readonly keys: number | null }[] {
    if (!this.#inputs.areKnown) return keyKinds.map((kind) => ({ kind, keys: null }))
    const sums: Record<string, number> = {}
    for (const { types } of this.#inputs.reports)
      for (const { kind, keys } of types) sums[kind] = (sums[kind] ?? 0) + keys
    return keyKinds.filter((kind) => kind in sums).map((kind) => ({ kind, keys: sums[kind] ?? 0 }))
  }

  /** Databases chosen; null for all. */
  get chosenDbs(): readonly number[] | null {
    const known = this.knownDbs
    if (known === null) {
      const typed = parseDatabases(this.onlyDbs)
      return typed === null || typed.length === 0 ? null : typed
    }
    if (!known.some(({ db }) => this.withoutDbs.has(db))) return null
    return known.map(({ db }) => db).filter((db) => !this.withoutDbs.has(db))
  }

  /** Types chosen; null for all. */
  get chosenKinds(): readonly KeyKind[] | null {
    const known = this.knownKinds.map(({ kind }) => kind)
    if (!known.some((kind) => this.withoutKinds.has(kind))) return null
    return known.filter((kind) => !this.withoutKinds.has(kind))
  }

  /** Every key goes along. */
  get isWhole(): boolean {
    return (
      this.chosenDbs === null &&
      this.chosenKinds === null &&
      [this.include, this.exclude, this.slots, this.until].every((text) => text.trim() === '')
    )
  }

  get ttlRule(): TtlRule {
    if (this.ttl === 'keep' || this.ttl === 'none') return { rule: this.ttl }
    return { rule: this.ttl, ms: Number(this.ttlAmount) * timeUnits[this.ttlUnit] }
  }

  /** Null where the keys of some files are not known. */
  get estimate(): ScopeEstimate | null {
    if (!this.#inputs.areKnown) return null
    return estimateScope(this.#inputs.reports, {
      dbs: this.chosenDbs,
      kinds: this.chosenKinds,
      slots: parseSlots(this.slots) ?? [],
      include: parsePatterns(this.include),
      exclude: parsePatterns(this.exclude),
    })
  }

  get problems(): readonly Problem[] {
    const problems: Problem[] = []
    const check = (isRight: boolean, field: string, word: Problem['word']): void => {
      if (!isRight) problems.push({ field, word })
    }
    check(parseDatabases(this.onlyDbs) !== null, 'restore-dbs', 'scope.dbs.wrong')
    check(this.chosenDbs?.length !== 0, 'restore-dbs', 'scope.dbs.none')
    check(this.chosenKinds?.length !== 0, 'restore-kinds', 'scope.kinds.none')
    check(parseSlots(this.slots) !== null, 'restore-slots', 'scope.slots.wrong')
    if (this.databases === 'one')
      check(isWithin(this.targetDb, 0, 65535), 'restore-target-db', 'restore.targetDb.wrong')
    if (this.databases === 'map')
      check(parseDbMap(this.dbMap) !== null, 'restore-db-map', 'restore.dbMap.wrong')
    const prefixes = parseDbPrefixes(this.dbPrefix)
    check(prefixes !== null, 'restore-db-prefix', 'scope.dbPrefix.wrong')
    const chosen = this.chosenDbs
    if (prefixes !== null && chosen !== null)
      check(
        Object.keys(prefixes).every((db) => chosen.includes(Number(db))),
        'restore-db-prefix',
        'scope.dbPrefix.leftOut',
      )
    if (this.ttl === 'set' || this.ttl === 'extend')
      check(isWithin(this.ttlAmount, 1, 999_999), 'restore-ttl', 'scope.ttl.wrong')
    return problems
  }

  /** Fills it as it was in an earlier order; the inputs of that have been named, and read as far as they can be. */
  reopen(before: AskedRestore['spec']): void {
    const { dbs, types, excludeTypes, slots = [], targetDb, dbMap, dbPrefix = {}, ttl } = before
    const { until, include, exclude } = before
    this.onlyDbs = dbs?.join(', ') ?? ''
    if (dbs !== undefined)
      for (const { db } of this.knownDbs ?? []) if (!dbs.includes(db)) this.withoutDbs.add(db)
    for (const { kind } of this.knownKinds)
      if (types?.includes(kind) === false || excludeTypes?.includes(kind)) this.withoutKinds.add(kind)
    this.include = include.join('\n')
    this.exclude = exclude.join('\n')
    this.slots = slots.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(', ')
    this.until = until === undefined ? '' : asLocal(until)
    this.databases = targetDb !== undefined ? 'one' : dbMap !== undefined ? 'map' : 'keep'
    this.targetDb = String(targetDb ?? 0)
    this.dbMap = linesOf(dbMap ?? {})
    this.stripPrefix = before.stripPrefix ?? ''
    this.addPrefix = before.addPrefix ?? ''
    this.dbPrefix = linesOf(dbPrefix)
    this.ttl = ttl.rule
    if (ttl.rule === 'keep' || ttl.rule === 'none') return
    this.ttlUnit =
      (['day', 'hour', 'minute', 'second'] as const).find((unit) => ttl.ms % timeUnits[unit] === 0) ??
      'second'
    this.ttlAmount = String(ttl.ms / timeUnits[this.ttlUnit])
  }

  /** As a restore is asked for; only right while there are no problems. */
  get request(): Partial<RestoreRequest> {
    const dbMap = parseDbMap(this.dbMap)
    const dbPrefix = parseDbPrefixes(this.dbPrefix)
    const slots = parseSlots(this.slots) ?? []
    return {
      include: parsePatterns(this.include),
      exclude: parsePatterns(this.exclude),
      ...(this.chosenDbs !== null && { dbs: [...this.chosenDbs] }),
      ...(this.chosenKinds !== null && { types: [...this.chosenKinds] }),
      ...(slots.length > 0 && { slots: [...slots] }),
      ...(this.databases === 'one' && { targetDb: Number(this.targetDb) }),
      ...(this.databases === 'map' && dbMap !== null && { dbMap }),
      ...(this.stripPrefix !== '' && { stripPrefix: this.stripPrefix }),
      ...(this.addPrefix !== '' && { addPrefix: this.addPrefix }),
      ...(dbPrefix !== null && Object.keys(dbPrefix).length > 0 && { dbPrefix }),
      ttl: this.ttlRule,
      ...(this.until !== '' && this.#inputs.times !== null && { until: Date.parse(this.until) }),
    }
  }
}

const linesOf = (map: Readonly<Record<string, string | number>>): string =>
  Object.entries(map)
    .map(([db, value]) => `${db}:${value}`)
    .join('\n')

/** As a field of the browser has a moment: local time, to the second. */
function asLocal(ms: number): string {
  const offsetMs = new Date(ms).getTimezoneOffset() * 60_000
  return new Date(ms - offsetMs).toISOString().slice(0, 19)
}
