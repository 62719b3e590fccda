/** Milliseconds between two reports: four a second, as often as a person can follow figures. */
export const reportEveryMs = 250

/** Lets a call through when the last one was long enough ago; the others are dropped, for each says everything. */
export function paced<A extends readonly unknown[]>(
  call: (...args: A) => void,
  everyMs = reportEveryMs,
): (...args: A) => void {
  let last = -Infinity
  return (...args) => {
    const now = performance.now()
    if (now - last < everyMs) return
    last = now
    call(...args)
  }
}
