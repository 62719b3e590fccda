import { Option, type Command } from 'commander'
import { flushAnswers, type FlushAnswer } from '#contract/sync.ts'

export interface FlushFlag {
  readonly onFlush?: FlushAnswer
}

/** What a person is asked in a console, answered beforehand. */
export function addFlushFlag(command: Command): Command {
  return command.addOption(
    new Option(
      '--on-flush <answer>',
      'where one of several sources is flushed: copy that one again, or leave the command out; left out, it stops there',
    ).choices(flushAnswers),
  )
}
