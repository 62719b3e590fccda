import { SvelteSet } from 'svelte/reactivity'
import { t } from '../i18n/i18n.svelte.ts'
import type { Problem } from './connection-draft.svelte.ts'

/** When a field's problem is said: once it has been left, or once going on has been refused. */
export class ProblemsShown {
  readonly #left = new SvelteSet<string>()
  #refused = $state(0)

  /** How often going on was refused: a summary is shown, and takes the focus, anew each time. */
  get refused(): number {
    return this.#refused
  }

  leave(field: string): void {
    this.#left.add(field)
  }

  refuse(): void {
    this.#refused += 1
  }

  /** What was wrong is done with: nothing is said of the next try until it is made. */
  reset(): void {
    this.#left.clear()
    this.#refused = 0
  }

  /** The words under a field; null while there is nothing wrong, or nothing to say yet. */
  of(field: string, problems: readonly Problem[]): string | null {
    if (this.#refused === 0 && !this.#left.has(field)) return null
    const problem = problems.find((one) => one.field === field)
    return problem === undefined ? null : t(problem.word)
  }
}
