/** A hidden page draws nothing and need not wait for it: by then at the latest, milliseconds. */
const latestMs = 100

/** Calls `then` in a task of its own once what the page is made of now has been drawn; the returned function prevents it. */
export function afterDrawing(then: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const frame = requestAnimationFrame(() => {
    clearTimeout(latest)
    timer = setTimeout(then)
  })
  const latest = setTimeout(() => {
    cancelAnimationFrame(frame)
    then()
  }, latestMs)
  return () => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    clearTimeout(latest)
  }
}
