import type { Failure } from '#contract/failure.ts'
import type { SavedConnection } from '#contract/saved-connection.ts'
import type { ConsoleClient } from '../client.ts'
import { ConnectionDraft, type Problem } from './connection-draft.svelte.ts'
import { ConnectionTest } from './connection-test.svelte.ts'

/** A connection being made or changed, to be kept under a name. */
export class SavedConnectionDraft {
  id = $state<string | null>(null)
  name = $state('')
  readonly reach = new ConnectionDraft('saved')
  readonly test = new ConnectionTest()
  #saved = $state('')
  /** When it was last saved, milliseconds since the epoch; 0: never. */
  #savedAt = 0

  get problems(): readonly Problem[] {
    const unnamed = this.name.trim() === ''
    return [
      ...(unnamed ? [{ field: 'connection-name', word: 'connections.name.missing' } as const] : []),
      ...this.reach.problems,
    ]
  }

  /** Has another console saved it since, and nothing been changed here? */
  isOlderThan({ updatedAt }: SavedConnection): boolean {
    return updatedAt > this.#savedAt && this.#saved === this.#fingerprint()
  }

  open({ id, name, reach, lastTest, updatedAt }: SavedConnection): void {
    this.id = id
    this.name = name
    this.reach.open(reach)
    this.#saved = this.#fingerprint()
    this.#savedAt = updatedAt
    const { connection } = this.reach
    if (lastTest !== null && connection !== null) this.test.show(connection, lastTest)
  }

  /** What was saved is gone: it is one not saved yet, and what was kept sealed is to be typed again. */
  beginAnew(): void {
    this.id = null
    this.#saved = ''
    this.reach.forgetStored()
  }

  /** Saves it as one of its own, under a name that is free, beside what another console has made of it. */
  async saveAsCopy(client: ConsoleClient, name: string): Promise<Failure | null> {
    const answer = await client.connections.duplicate({ id: this.id!, name })
    if ('failed' in answer) return answer.failed
    this.id = answer.ok.id
    this.name = answer.ok.name
    return await this.save(client, 'over')
  }

  /** Why it could not be saved, or null. `over`: also where another console has saved it since. */
  async save(client: ConsoleClient, over?: 'over'): Promise<Failure | null> {
    const { endpoint } = this.reach
    if (endpoint === null || this.#saved === this.#fingerprint()) return null
    const { id } = this
    const answer = await client.connections.save({
      ...(id !== null && { id }),
      ...(id !== null && over === undefined && { basedOn: this.#savedAt }),
      name: this.name.trim(),
      reach: endpoint,
    })
    if ('failed' in answer) return answer.failed
    this.id = answer.ok.id
    this.#savedAt = answer.ok.updatedAt
    this.reach.keptAs(answer.ok.reach)
    this.#saved = this.#fingerprint()
    return null
  }

  /** Has the host test what it keeps: the facts are kept beside it. */
  async probe(client: ConsoleClient): Promise<void> {
    const typed = this.reach.password
    const asked = this.reach.ask && typed !== ''
    const { id } = this
    const { connection } = this.reach
    if (id === null || connection === null) return
    const passwords = { ...(asked && { target: typed }), targetWay: this.reach.way.typed }
    await this.test.run(client, connection, () => client.connections.probe({ id, passwords }))
  }

  #fingerprint(): string {
    return JSON.stringify([this.name.trim(), this.reach.endpoint])
  }
}
