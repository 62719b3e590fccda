import { untrack } from 'svelte'
import { withNextBeat } from './beat.ts'

/** A clock for texts such as "for 2 min 47 s": ticks while a component that asked for it lives. */
export class Clock {
  #now = $state(Date.now())

  /** To be called while a component is made. It stands while `goes` says no: how long something has been so is not known then. */
  constructor(everyMs = 1000, goes: () => boolean = () => true) {
    $effect(() => {
      const tick = (): void => {
        if (untrack(goes)) this.#now = Date.now()
      }
      // Parts of a second are looked at closely; whole ones go on with the figures beside them.
      const timer = setInterval(everyMs < 1000 ? tick : () => withNextBeat(tick), everyMs)
      return () => clearInterval(timer)
    })
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#now
  }
}
