import { Option, type Command } from 'commander'
import { stdinInput } from '#contract/input-name.ts'
import type { RestoreRequest, RestoreSpec } from '#contract/restore.ts'
import { restoresFolder } from '#console/data-folder.ts'
import { addConnectionFlags, readConnection, type ConnectionFlags } from './connection-flags.ts'
import { addKeyFlags, keyFields, type KeyFlags } from './key-flags.ts'
import { addLimitFlags, limitFields, type LimitFlags } from './limit-flags.ts'
import { addLossFlags, lossFields, type LossFlags } from './loss-flags.ts'
import { gather, moment, someText, wholeNumber } from './option-values.ts'
import { readSpec } from './restore-spec.ts'
import { askHidden, askPastStdin } from './terminal/hidden-prompt.ts'

/** What a restore is told, as commander hands it over. `restore-command.ts` writes the same. */
export interface RestoreFlags extends ConnectionFlags, KeyFlags, LossFlags, LimitFlags {
  readonly input: readonly string[]
  readonly keep?: string
  readonly connections: number
  readonly onConflict: RestoreSpec['onConflict']
  readonly until?: number
  readonly restart?: true
}

export function addRestoreFlags(command: Command): Command {
  command
    .requiredOption(
      '-i, --input <file>',
      'the backup: a file, a folder with an append-only file, an http(s):// URL, or - for stdin; .gz is unpacked; may be repeated',
      gather,
    )
    .option('--keep <folder>', 'keep there what is fetched; else it is removed at the end', someText)
  addConnectionFlags(command, 'target')
  addKeyFlags(command)
  addLossFlags(command)
  return addLimitFlags(command)
    .option('-n, --connections <number>', 'parallel connections to the target', wholeNumber(1, 256), 8)
    .addOption(
      new Option('--on-conflict <policy>', 'what to do with keys the target has already')
        .choices(['fail', 'skip', 'replace'])
        .default('fail'),
    )
    .option('--until <time>', 'of an append-only file with times: nothing written after that', moment)
    .option(
      '--restart',
      'begin anew where an earlier restore of the same was interrupted, instead of going on',
    )
}

/** Fails with `usage.invalid`. */
export async function readRestore(flags: RestoreFlags): Promise<RestoreSpec> {
  const ask = flags.input.includes(stdinInput) ? askPastStdin : askHidden
  const { connection, db } = await readConnection(flags, 'target', ask)
  const request: RestoreRequest = {
    files: [...flags.input],
    ...(flags.keep === undefined ? {} : { keepIn: flags.keep }),
    target: connection,
    connections: flags.connections,
    onConflict: flags.onConflict,
    ...lossFields(flags),
    ...keyFields(flags, db),
    ...limitFields(flags),
    ...(flags.until === undefined ? {} : { until: flags.until }),
    resume: flags.restart === true ? 'afresh' : 'continue',
    stateFolder: restoresFolder(),
  }
  return readSpec(request)
}
