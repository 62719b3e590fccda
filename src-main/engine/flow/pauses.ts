import { setTimeout as sleep } from 'node:timers/promises'

const shortestPauseMs = 100
const longestPauseMs = 3_000

/** Between attempts: short after one that got somewhere, twice as long after each that did not. */
export class Pauses {
  #nextMs = shortestPauseMs

  async after(gotSomewhere: boolean, signal: AbortSignal): Promise<void> {
    if (gotSomewhere) this.#nextMs = shortestPauseMs
    const ms = this.#nextMs
    this.#nextMs = Math.min(ms * 2, longestPauseMs)
    await sleep(ms, undefined, { signal }).catch(() => undefined)
  }
}
