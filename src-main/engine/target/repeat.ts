/**
 * Does something again and again, `everyMs` after it was last done, until disposed of; `failed` is told what it
 * rejects with, and it is not done again.
 */
export function repeat(
  everyMs: number,
  work: () => Promise<void>,
  failed: (thrown: unknown) => void,
): Disposable {
  let ended = false
  let timer: NodeJS.Timeout | undefined
  const wait = (): void => {
    if (ended) return
    timer = setTimeout(() => {
      work().then(wait, (thrown: unknown) => {
        if (!ended) failed(thrown)
      })
    }, everyMs)
  }
  wait()
  return {
    [Symbol.dispose]: () => {
      ended = true
      clearTimeout(timer)
    },
  }
}
