import { untrack } from 'svelte'
import { keptNames, type KeptName, type KeptRevisions } from '#contract/kept.ts'
import type { ConsoleClient } from '../client.ts'
import { whileShown } from './while-shown.ts'

/**
 * What all consoles of the host share: whoever shows some of it hears when anybody has changed it. One subscription serves
 * all of it, and only what is shown is asked for.
 */
export class Kept {
  readonly #client: ConsoleClient
  readonly #listeners = new Map<KeptName, Set<() => void>>()
  #revisions: KeptRevisions | null = null
  #watching = false

  constructor(client: ConsoleClient) {
    this.#client = client
  }

  /**
   * Calls `heard` as soon as the host tells how things stand, then whenever anybody has changed what has this name; the
   * returned function ends that.
   */
  on(name: KeptName, heard: () => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(heard))
    // Where an effect calls this, what `heard` reads is none of its concern.
    if (this.#revisions !== null) untrack(heard)
    return () => listeners.delete(heard)
  }

  /** Hears of changes for as long as the window lives. */
  async watch(): Promise<void> {
    if (this.#watching) return
    this.#watching = true
    for await (const answer of whileShown((signal) => this.#client.kept.watch(undefined, { signal })))
      if ('ok' in answer) this.#take(answer.ok)
    this.#watching = false
  }

  #take(revisions: KeptRevisions): void {
    const before = this.#revisions
    this.#revisions = revisions
    for (const name of keptNames)
      if (before?.[name] !== revisions[name])
        for (const heard of [...(this.#listeners.get(name) ?? [])]) heard()
  }
}
