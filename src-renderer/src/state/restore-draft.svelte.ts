import { keysOf } from '#contract/connection.ts'
import type { CannotHoldPolicy, FieldExpiryPolicy } from '#contract/loss.ts'
import type { ConflictPolicy, RestoreRequest } from '#contract/restore.ts'
import type { RestoreStep } from '../router.svelte.ts'
import { ConnectionDraft, type Problem } from './connection-draft.svelte.ts'
import { ConnectionTest } from './connection-test.svelte.ts'
import { LimitsDraft } from './limits-draft.svelte.ts'
import { isWithin } from './restore-fields.ts'
import { RestoreInputs } from './restore-inputs.svelte.ts'
import { RestoreScope } from './restore-scope.svelte.ts'
import { Trial } from './trial.svelte.ts'

/** A restore being put together, step by step. */
export class RestoreDraft {
  readonly inputs = new RestoreInputs()
  readonly target = new ConnectionDraft('target')
  readonly test = new ConnectionTest()
  readonly scope = new RestoreScope(this.inputs)
  onConflict = $state<ConflictPolicy>('fail')
  cannotHold = $state<CannotHoldPolicy>('stop')
  fieldExpiry = $state<FieldExpiryPolicy>('stop')
  connections = $state('8')
  readonly limits = new LimitsDraft()
  /** The dry run; it belongs to the very plan it was made with. */
  readonly trial = new Trial()

  get problems(): Readonly<Record<RestoreStep, readonly Problem[]>> {
    return {
      file: this.inputs.problems,
      target: this.target.problems,
      scope: this.scope.problems,
      options: this.#optionProblems(),
      review: [],
    }
  }

  /** Keys the target holds, by the last test of these very settings; null while unknown. */
  get keysInTarget(): number | null {
    const { facts } = this.test
    if (facts === null || !this.test.isAbout(this.target.connection)) return null
    return keysOf(facts)
  }

  /** Null while something is missing. */
  get request(): RestoreRequest | null {
    const { connection } = this.target
    if (connection === null || Object.values(this.problems).some((problems) => problems.length > 0))
      return null
    return {
      files: this.inputs.all.map(({ input }) => input),
      target: connection,
      connections: Number(this.connections),
      onConflict: this.onConflict,
      ...this.scope.request,
      cannotHold: this.cannotHold,
      fieldExpiry: this.fieldExpiry,
      limits: this.limits.limits,
    }
  }

  /** The first step that still lacks something, up to and without `step`. */
  firstGapBefore(step: RestoreStep): RestoreStep | null {
    for (const name of ['file', 'target', 'scope', 'options'] as const) {
      if (name === step) return null
      if (this.problems[name].length > 0) return name
    }
    return null
  }

  #optionProblems(): readonly Problem[] {
    const problems: Problem[] = []
    if (!isWithin(this.connections, 1, 256))
      problems.push({ field: 'restore-connections', word: 'restore.connections.wrong' })
    return [...problems, ...this.limits.problems('restore')]
  }
}
