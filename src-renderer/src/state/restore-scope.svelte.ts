import type { AskedRestore, RestoreRequest } from '#contract/restore.ts'
import { keyKinds, type TtlRule } from '#contract/selection.ts'
import type { Problem } from './connection-draft.svelte.ts'
import { KeyScope, nothingKnown, type KnownKeys } from './key-scope.svelte.ts'
import { isWithin } from './restore-fields.ts'
import type { RestoreInputs } from './restore-inputs.svelte.ts'
import { estimateScope, type FilesEstimate } from './scope-estimate.ts'

export const timeUnits = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const
export type TimeUnit = keyof typeof timeUnits

/** Of the keys of backups: also up to when, and for how long they live. */
export class RestoreScope extends KeyScope {
  readonly #inputs: RestoreInputs
  /** Local time, as a field of the browser has it; empty for all of an append-only file. */
  until = $state('')
  ttl = $state<TtlRule['rule']>('keep')
  ttlAmount = $state('1')
  ttlUnit = $state<TimeUnit>('day')

  constructor(inputs: RestoreInputs) {
    super(() => knownIn(inputs))
    this.#inputs = inputs
  }

  /** Every key goes along. */
  override get isWhole(): boolean {
    return super.isWhole && this.until === ''
  }

  get ttlRule(): TtlRule {
    if (this.ttl === 'keep' || this.ttl === 'none') return { rule: this.ttl }
    return { rule: this.ttl, ms: Number(this.ttlAmount) * timeUnits[this.ttlUnit] }
  }

  /** Null where the keys of some files are not known. */
  get estimate(): FilesEstimate | null {
    return this.#inputs.areKnown ? estimateScope(this.#inputs.reports, this.rules) : null
  }

  override get problems(): readonly Problem[] {
    const timed = this.ttl === 'set' || this.ttl === 'extend'
    const isRight = !timed || isWithin(this.ttlAmount, 1, 999_999)
    return [...super.problems, ...(isRight ? [] : [{ field: 'scope-ttl', word: 'scope.ttl.wrong' } as const])]
  }

  /** Fills it as it was in an earlier order; the inputs of that have been named, and read as far as they can be. */
  reopen(before: AskedRestore['spec']): void {
    this.open(before)
    const { until, ttl } = before
    this.until = until === undefined ? '' : asLocal(until)
    this.ttl = ttl.rule
    if (ttl.rule === 'keep' || ttl.rule === 'none') return
    this.ttlUnit =
      (['day', 'hour', 'minute', 'second'] as const).find((unit) => ttl.ms % timeUnits[unit] === 0) ??
      'second'
    this.ttlAmount = String(ttl.ms / timeUnits[this.ttlUnit])
  }

  /** As a restore is asked for; only right while there are no problems. */
  get request(): Partial<RestoreRequest> {
    return {
      ...this.rules,
      ttl: this.ttlRule,
      ...(this.until !== '' && this.#inputs.times !== null && { until: Date.parse(this.until) }),
    }
  }
}

function knownIn({ areKnown, reports }: RestoreInputs): KnownKeys {
  if (!areKnown) return nothingKnown
  const ofDbs: Record<number, number> = {}
  const ofKinds: Record<string, number> = {}
  for (const { dbs, types } of reports) {
    for (const { db, keys } of dbs) ofDbs[db] = (ofDbs[db] ?? 0) + keys
    for (const { kind, keys } of types) ofKinds[kind] = (ofKinds[kind] ?? 0) + keys
  }
  return {
    dbs: Object.entries(ofDbs).map(([db, keys]) => ({ db: Number(db), keys })),
    kinds: keyKinds.filter((kind) => kind in ofKinds).map((kind) => ({ kind, keys: ofKinds[kind] ?? 0 })),
  }
}

/** As a field of the browser has a moment: local time, to the second. */
function asLocal(ms: number): string {
  const offsetMs = new Date(ms).getTimezoneOffset() * 60_000
  return new Date(ms - offsetMs).toISOString().slice(0, 19)
}
