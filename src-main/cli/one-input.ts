import type { Command } from 'commander'
import { fail } from '#contract/failure.ts'
import { someText } from './option-values.ts'

/** The backup that a command reads, named in either way. */
export interface OneInputFlags {
  readonly input?: string
}

/** Lets the one backup be named as an argument, or with `-i` as a restore is told of its inputs. */
export function addOneInput(command: Command, what: string): Command {
  return command.argument('[file]', what).option('-i, --input <file>', 'the same, as for a restore', someText)
}

/** The backup named. Fails with `usage.invalid` where that is none, or two. */
export function oneInput(file: string | undefined, { input }: OneInputFlags): string {
  if (file !== undefined && input !== undefined)
    fail('usage.invalid', { field: '--input', reason: 'name one file, by itself or with -i' })
  return file ?? input ?? fail('usage.invalid', { field: '<file>', reason: 'name the backup to read' })
}
