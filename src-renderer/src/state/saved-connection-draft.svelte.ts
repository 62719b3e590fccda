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

  get problems(): readonly Problem[] {
    const unnamed = this.name.trim() === ''
    return [
      ...(unnamed ? [{ field: 'connection-name', word: 'connections.name.missing' } as const] : []),
      ...this.reach.problems,
    ]
  }

  open({ id, name, reach, lastTest }: SavedConnection): void {
    this.id = id
    this.name = name
    this.reach.open(reach)
    this.#saved = this.#fingerprint()
    const { connection } = this.reach
    if (lastTest !== null && connection !== null) this.test.show(connection, lastTest)
  }

  /** Why it could not be saved, or null. */
  async save(client: ConsoleClient): Promise<Failure | null> {
    const { endpoint } = this.reach
    if (endpoint === null || this.#saved === this.#fingerprint()) return null
    const { id } = this
    const answer = await client.connections.save({
      ...(id !== null && { id }),
      name: this.name.trim(),
      reach: endpoint,
    })
    if ('failed' in answer) return answer.failed
    this.id = answer.ok.id
    this.reach.keptAs(answer.ok.reach)
    this.#saved = this.#fingerprint()
    return null
  }

  /** Saves it, and has the host test what it keeps: the facts are kept beside it. */
  async saveAndTest(client: ConsoleClient): Promise<Failure | null> {
    const typed = this.reach.password
    const asked = this.reach.ask && typed !== ''
    const failed = await this.save(client)
    const { id } = this
    const { connection } = this.reach
    if (failed !== null || id === null || connection === null) return failed
    const passwords = { ...(asked && { target: typed }), targetWay: this.reach.way.typed }
    await this.test.run(client, connection, () => client.connections.probe({ id, passwords }))
    return null
  }

  #fingerprint(): string {
    return JSON.stringify([this.name.trim(), this.reach.endpoint])
  }
}
