import { exitCode } from './exit-code.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A signal that Ctrl-C aborts, as long as it is not disposed of. */
export interface Interruptible extends Disposable {
  readonly signal: AbortSignal
}

/** The first Ctrl-C asks for an end in order (`onFirst` may say so), the second leaves at once. */
export function interruptible(onFirst: () => void): Interruptible {
  const controller = new AbortController()
  const hear = (): void => {
    if (controller.signal.aborted) process.exit(exitCode.failed)
    onFirst()
    controller.abort()
  }
  for (const name of signals) process.on(name, hear)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const name of signals) process.off(name, hear)
    },
  }
}
