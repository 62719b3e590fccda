import type { Connection, ServerFacts } from '#contract/connection.ts'
import type { Answer } from '#contract/api.ts'
import type { Failure } from '#contract/failure.ts'
import type { ConsoleClient } from '../client.ts'

/** One *Test connection*: what it found belongs to the very settings it was made with. */
export class ConnectionTest {
  facts = $state.raw<ServerFacts | null>(null)
  failure = $state.raw<Failure | null>(null)
  running = $state(false)
  /** When the answer came, milliseconds since the epoch. */
  at = $state(0)
  #tested = $state('')

  /** Whether the last answer is about these settings. */
  isAbout(connection: Connection | null): boolean {
    return connection !== null && this.#tested === JSON.stringify(connection)
  }

  /** The very settings that were tested are kept now, their password with the host: they read otherwise here. */
  keptAs(connection: Connection): void {
    this.#tested = JSON.stringify(connection)
  }

  /** What an earlier test of these settings has told. */
  show(connection: Connection, { at, facts }: { readonly at: number; readonly facts: ServerFacts }): void {
    this.#tested = JSON.stringify(connection)
    this.facts = facts
    this.at = at
  }

  /** Tests these settings; `probe` asks where the password is kept by the host, not typed here. */
  async run(
    client: ConsoleClient,
    connection: Connection,
    probe: () => Promise<Answer<ServerFacts>> = () => client.connections.test(connection),
  ): Promise<void> {
    const tested = JSON.stringify(connection)
    this.running = true
    const answer = await probe()
    this.running = false
    this.#tested = tested
    this.at = Date.now()
    this.facts = 'ok' in answer ? answer.ok : null
    this.failure = 'failed' in answer ? answer.failed : null
  }
}
