/** A clock for texts such as "for 2 min 47 s": ticks while a component that asked for it lives. */
export class Clock {
  #now = $state(Date.now())

  /** To be called while a component is made. */
  constructor(everyMs = 1000) {
    $effect(() => {
      const timer = setInterval(() => (this.#now = Date.now()), everyMs)
      return () => clearInterval(timer)
    })
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#now
  }
}
