import type { Command } from 'commander'
import { FailureError, toFailure, type Failure } from '#contract/failure.ts'
import { exitCodeOf, type ExitCode } from './exit-code.ts'
import { createOutput, type Output } from './output.ts'

/** A command's file exports this: it adds flags and an action to a command that has its name already. */
export type DefineCommand = (command: Command) => void

/** The heading under which help lists the options that have none of their own. */
export const otherOptions = 'Options:'

/**
 * Runs a command to its exit code. Whatever fails is said in words, or as a `failed` event with `json`; nothing
 * is thrown on. `does`: whether there is a target that something may have been written to.
 */
export async function perform(
  json: boolean,
  work: (output: Output) => Promise<ExitCode>,
  does: 'writes' | 'reads' = 'writes',
): Promise<void> {
  const output = createOutput(json)
  try {
    process.exitCode = await work(output)
  } catch (thrown) {
    const failure = toFailure(thrown)
    output.failure(failure, does)
    process.exitCode = exitCodeOf(failure)
  }
}

/** Lets `safe` in the words of whatever `work` fails with tell how many keys were written by then. */
export async function countingWritten<T>(written: () => number, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    const failure = toFailure(thrown)
    throw new FailureError(withWritten(failure, written()))
  }
}

/** A failure that tells how many keys were written by then, where it does not yet. */
export function withWritten(failure: Failure, written: number): Failure {
  return 'written' in failure.params ? failure : { ...failure, params: { ...failure.params, written } }
}
