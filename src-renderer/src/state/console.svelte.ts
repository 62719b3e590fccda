import { createContext } from 'svelte'
import type { ConnectionState, ConsoleClient, ConsoleConnection } from '../client.ts'
import type { HostCapabilities } from '#contract/api.ts'
import { Restores } from './restores.svelte.ts'
import { RestoreDraft } from './restore-draft.svelte.ts'

/** What every view may reach: the host, what it can do, and what is under way there. */
export class Console {
  readonly client: ConsoleClient
  readonly restores: Restores
  #link = $state<ConnectionState>('connecting')
  #capabilities = $state.raw<HostCapabilities | null>(null)
  #restoreDraft = $state.raw(new RestoreDraft())

  constructor(connection: ConsoleConnection) {
    this.client = connection.client
    this.restores = new Restores(connection.client)
    this.#link = connection.state
    connection.onState((state) => {
      this.#link = state
      if (state === 'connected') void this.#meet()
    })
    if (connection.state === 'connected') void this.#meet()
  }

  get link(): ConnectionState {
    return this.#link
  }

  /** Null until the host has answered for the first time. */
  get capabilities(): HostCapabilities | null {
    return this.#capabilities
  }

  /** The restore being put together; it lives as long as the window, its passwords nowhere else. */
  get restoreDraft(): RestoreDraft {
    return this.#restoreDraft
  }

  startAfresh(): void {
    this.#restoreDraft = new RestoreDraft()
  }

  async #meet(): Promise<void> {
    const answer = await this.client.host.capabilities()
    if ('ok' in answer) this.#capabilities = answer.ok
    await this.restores.refresh()
  }
}

export const [getConsole, setConsole] = createContext<Console>()
