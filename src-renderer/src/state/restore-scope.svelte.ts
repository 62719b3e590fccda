import { SvelteSet } from 'svelte/reactivity'
import type { RestoreRequest } from '#contract/restore.ts'
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
