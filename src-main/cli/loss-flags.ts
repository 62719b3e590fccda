import { Option, type Command } from 'commander'
import type { RestoreSpec } from '#contract/restore.ts'

/** What becomes of what the target cannot hold. */
export interface LossFlags {
  readonly cannotHold: RestoreSpec['cannotHold']
  readonly fieldTtl: RestoreSpec['fieldExpiry']
}

export function addLossFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--cannot-hold <policy>',
        'where the target cannot hold a type or has no functions: write nothing, or leave these out and list them',
      )
        .choices(['stop', 'skip'])
        .default('stop'),
    )
    .addOption(
      new Option(
        '--field-ttl <policy>',
        'where fields of a hash expire and those of the target cannot: write nothing, leave such hashes out, or let their fields stay',
      )
        .choices(['stop', 'skip', 'drop'])
        .default('stop'),
    )
}

export function lossFields({
  cannotHold,
  fieldTtl,
}: LossFlags): Pick<RestoreSpec, 'cannotHold' | 'fieldExpiry'> {
  return { cannotHold, fieldExpiry: fieldTtl }
}
