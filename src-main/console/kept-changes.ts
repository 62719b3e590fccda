import type { Answer } from '#contract/api.ts'
import type { KeptName, KeptRevisions } from '#contract/kept.ts'
import { Bell } from '#engine/flow/bell.ts'
import type { ListedName, RevisionTable } from '#store/revisions.ts'

/** How often what another process, or another console, has written is looked up. */
const lookUpMs = 1_000

type HeldName = Exclude<KeptName, ListedName>

/** Tells the consoles of a host when something that they share has changed. */
export class KeptChanges {
  readonly #store: RevisionTable
  readonly #bell = new Bell()
  /** Of what is not in the store; begun anew by each host at a number that no earlier one came to. */
  readonly #held: Record<HeldName, number>
  #newest: KeptRevisions

  constructor(store: RevisionTable) {
    this.#store = store
    const now = Date.now()
    this.#held = { secrets: now, practice: now, interrupted: now }
    this.#newest = { ...store.all(), ...this.#held }
  }

  /** Something has changed that the store does not count. */
  note(name: HeldName): void {
    this.#held[name] += 1
    this.#bell.ring()
  }

  /** All revisions at once, then whenever one is another, until `signal` aborts. */
  async *watch(signal?: AbortSignal): AsyncGenerator<Answer<KeptRevisions>, void, void> {
    let told = ''
    while (!signal?.aborted) {
      const revisions = this.#look()
      const text = JSON.stringify(revisions)
      if (text !== told) {
        told = text
        yield { ok: revisions }
      }
      await this.#bell.wait(signal, lookUpMs)
    }
  }

  #look(): KeptRevisions {
    try {
      this.#newest = { ...this.#store.all(), ...this.#held }
    } catch {
      // A store that cannot be read now is told by whoever asks for a list; a look may be missed.
      this.#newest = { ...this.#newest, ...this.#held }
    }
    return this.#newest
  }
}
