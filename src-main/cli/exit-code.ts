import type { Failure } from '#contract/failure.ts'

/** How a command ends, for scripts. */
export const exitCode = {
  done: 0,
  failed: 1,
  /** What was typed cannot be understood, or a program this needs is missing. */
  usage: 2,
  /** Done, but keys were skipped, refused or found to differ. */
  differs: 3,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

export function exitCodeOf(failure: Failure): ExitCode {
  return failure.code.startsWith('usage.') ? exitCode.usage : exitCode.failed
}
