import type { TaskSample } from '#contract/task.ts'
import type { ConsoleClient } from '../client.ts'
import { withNextBeat } from './beat.ts'

const pollMs = 1000
const limit = 1200

/** The points of a task's plots: all there are at first, then what has come since, once a second. */
export class TaskHistory {
  #samples = $state.raw<readonly TaskSample[]>([])
  /** When the last of them was taken. Not reactive: whoever follows would begin anew with each point. */
  #newest = 0

  get samples(): readonly TaskSample[] {
    return this.#samples
  }

  /** Runs until the signal is aborted; a hidden window asks for nothing. */
  async follow(client: ConsoleClient, id: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!document.hidden) {
        const answer = await client.tasks
          .history({ id, since: this.#newest, limit }, { signal })
          .catch(() => null)
        if (answer !== null && 'ok' in answer) withNextBeat(() => this.#add(answer.ok))
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }

  #add(samples: readonly TaskSample[]): void {
    const newer = samples.filter((sample) => sample.at > this.#newest)
    if (newer.length === 0) return
    this.#newest = newer.at(-1)!.at
    const joined = [...this.#samples, ...newer]
    // The older half is thinned out, so that the whole way stays in view at a bounded size.
    this.#samples =
      joined.length <= limit * 2 ? joined : joined.filter((_, at) => at >= limit || at % 2 === 0)
  }
}
