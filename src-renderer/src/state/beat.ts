/** The longest that figures wait for others to be drawn with, milliseconds. */
const longestWaitMs = 400

const riding = new Set<() => void>()
let timer: ReturnType<typeof setTimeout> | undefined

/**
 * Has `take` called with the next beat, or shortly where none comes: for figures that nobody waits for. Several that
 * come one after the other are drawn once then, and to draw is what costs a window most.
 */
export function withNextBeat(take: () => void): void {
  riding.add(take)
  timer ??= setTimeout(beat, longestWaitMs)
}

/** To be called where something is taken that shall be drawn at once: what waits is taken first, in its order. */
export function beat(): void {
  clearTimeout(timer)
  timer = undefined
  const due = [...riding]
  riding.clear()
  for (const take of due) take()
}
