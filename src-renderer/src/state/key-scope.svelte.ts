import { SvelteSet } from 'svelte/reactivity'
import {
  hasRules,
  keyKinds,
  saySlots,
  wantsKind,
  type FollowedRules,
  type KeyKind,
} from '#contract/selection.ts'
import type { Problem } from './connection-draft.svelte.ts'
import {
  isWithin,
  parseDatabases,
  parseDbMap,
  parseDbPrefixes,
  parsePatterns,
  parseSlots,
  sayDbMap,
  sayDbPrefixes,
} from './restore-fields.ts'

/** What is known of where keys come from. */
export interface KnownKeys {
  /** Databases with their keys; null where they are not known. */
  readonly dbs: readonly { readonly db: number; readonly keys: number }[] | null
  /** Types that can be chosen, with their keys where these are known. */
  readonly kinds: readonly { readonly kind: KeyKind; readonly keys: number | null }[]
}

/** Of a server nobody can tell what will be written to it. */
export const nothingKnown: KnownKeys = { dbs: null, kinds: keyKinds.map((kind) => ({ kind, keys: null })) }

/** Which keys go along, where to and under which name, as it is being chosen. */
export class KeyScope {
  readonly #known: () => KnownKeys
  /** Ticks taken away: what comes later goes along until it is left out. */
  readonly withoutDbs = new SvelteSet<number>()
  readonly withoutKinds = new SvelteSet<KeyKind>()
  /** Databases by number, where they are not known. */
  onlyDbs = $state('')
  include = $state('')
  exclude = $state('')
  slots = $state('')
  databases = $state<'keep' | 'one' | 'map'>('keep')
  targetDb = $state('0')
  dbMap = $state('')
  stripPrefix = $state('')
  addPrefix = $state('')
  dbPrefix = $state('')

  constructor(known: () => KnownKeys = () => nothingKnown) {
    this.#known = known
  }

  get knownDbs(): KnownKeys['dbs'] {
    return this.#known().dbs
  }

  get knownKinds(): KnownKeys['kinds'] {
    return this.#known().kinds
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
      [this.include, this.exclude, this.slots].every((text) => text.trim() === '')
    )
  }

  /** Everything goes along as it is. */
  get isPlain(): boolean {
    return !hasRules(this.rules)
  }

  get problems(): readonly Problem[] {
    const problems: Problem[] = []
    const check = (isRight: boolean, field: string, word: Problem['word']): void => {
      if (!isRight) problems.push({ field, word })
    }
    check(parseDatabases(this.onlyDbs) !== null, 'scope-dbs', 'scope.dbs.wrong')
    check(this.chosenDbs?.length !== 0, 'scope-dbs', 'scope.dbs.none')
    check(this.chosenKinds?.length !== 0, 'scope-kinds', 'scope.kinds.none')
    check(parseSlots(this.slots) !== null, 'scope-slots', 'scope.slots.wrong')
    if (this.databases === 'one')
      check(isWithin(this.targetDb, 0, 65535), 'scope-target-db', 'restore.targetDb.wrong')
    if (this.databases === 'map')
      check(parseDbMap(this.dbMap) !== null, 'scope-db-map', 'restore.dbMap.wrong')
    const prefixes = parseDbPrefixes(this.dbPrefix)
    check(prefixes !== null, 'scope-db-prefix', 'scope.dbPrefix.wrong')
    const chosen = this.chosenDbs
    if (prefixes !== null && chosen !== null)
      check(
        Object.keys(prefixes).every((db) => chosen.includes(Number(db))),
        'scope-db-prefix',
        'scope.dbPrefix.leftOut',
      )
    return problems
  }

  /** As they are asked for; only right while there are no problems. */
  get rules(): FollowedRules {
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
    }
  }

  /** Takes over what was chosen before. */
  open(rules: FollowedRules = { include: [], exclude: [] }): void {
    this.include = rules.include.join('\n')
    this.exclude = rules.exclude.join('\n')
    this.onlyDbs = rules.dbs?.join(', ') ?? ''
    this.withoutDbs.clear()
    for (const { db } of this.knownDbs ?? []) if (rules.dbs?.includes(db) === false) this.withoutDbs.add(db)
    this.slots = saySlots(rules.slots ?? [])
    this.withoutKinds.clear()
    for (const { kind } of this.knownKinds) if (!wantsKind(rules, kind)) this.withoutKinds.add(kind)
    this.databases = rules.targetDb !== undefined ? 'one' : rules.dbMap !== undefined ? 'map' : 'keep'
    this.targetDb = String(rules.targetDb ?? 0)
    this.dbMap = sayDbMap(rules.dbMap ?? {})
    this.stripPrefix = rules.stripPrefix ?? ''
    this.addPrefix = rules.addPrefix ?? ''
    this.dbPrefix = sayDbPrefixes(rules.dbPrefix ?? {})
  }
}
