/** The time, and what comes round every so often; a test brings its own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `look` about every `ms` milliseconds until it is disposed of. */
  every(ms: number, look: () => void): Disposable
}

export const systemClock: Clock = {
  now: () => Date.now(),
  every(ms, look) {
    const timer = setInterval(look, ms)
    return { [Symbol.dispose]: () => clearInterval(timer) }
  },
}
