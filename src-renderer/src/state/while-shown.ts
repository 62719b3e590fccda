/**
 * What a subscription tells while the page is in view. A hidden page is told nothing, so that it costs its host and
 * itself nothing; come into view again it subscribes anew. Only for subscriptions that begin with how things stand now
 * and own nothing that would end with them. Ends when the host has told all, or `signal` aborts, if
 * there is one.
 */
export async function* whileShown<T>(
  subscribe: (signal: AbortSignal) => Promise<AsyncIterable<T>>,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<T, void, void> {
  while (!signal.aborted) {
    await untilShown(signal)
    const hidden = new AbortController()
    const look = (): void => {
      if (document.hidden) hidden.abort()
    }
    document.addEventListener('visibilitychange', look)
    try {
      yield* await subscribe(AbortSignal.any([hidden.signal, signal]))
      if (!hidden.signal.aborted) return
    } finally {
      document.removeEventListener('visibilitychange', look)
    }
  }
}

function untilShown(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (document.hidden && !signal.aborted) return
      document.removeEventListener('visibilitychange', look)
      signal.removeEventListener('abort', look)
      resolve()
    }
    document.addEventListener('visibilitychange', look)
    signal.addEventListener('abort', look)
    look()
  })
}
