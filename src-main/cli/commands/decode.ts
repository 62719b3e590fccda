import type { Command } from 'commander'
import { perform } from '../command.ts'
import { exitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import { addOneInput, oneInput, type OneInputFlags } from '../one-input.ts'
import { databases, gather } from '../option-values.ts'
import { bytes } from '../terminal/figures.ts'

interface DecodeFlags extends OneInputFlags {
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly db?: readonly number[]
}

const form = `
Each line has db, key, type, encoding, where the file tells them expireAt (ms),
idle (s) and freq, and value: a list or set as an array, a sorted set as
[member, score] pairs, a hash as [field, value] pairs (with the time in ms as a
third where the field expires), a stream with its entries and groups. Strings
are text where they are valid UTF-8 of up to 8 MiB, else {"base64": "…"}.`

const examples = `

Examples:
  keyferry decode dump.rdb
  keyferry decode dump.rdb.gz --include 'user:*' --db 0 > users.jsonl`

export function define(command: Command): void {
  addOneInput(
    command,
    'the RDB, or the append-only file that begins with one: a file, a folder, an http(s):// URL, or - for stdin; .gz is unpacked',
  )
    .option('--include <glob>', 'only keys that match, as in KEYS; may be repeated', gather)
    .option('--exclude <glob>', 'no keys that match; may be repeated', gather)
    .option('--db <number>', 'only keys of this database; may be repeated', databases)
    .addHelpText('after', form + examples)
    .action((named: string | undefined, flags: DecodeFlags) =>
      perform(
        false,
        async (output) => {
          const file = oneInput(named, flags)
          const [{ decodeFile }, { makeKeyFilter }] = await Promise.all([
            import('#engine/rdb/decode/file.ts'),
            import('#engine/plan/filter.ts'),
          ])
          using interrupt = interruptible(() => undefined)
          const filter = makeKeyFilter(flags.include ?? [], flags.exclude ?? [])
          const dbs = flags.db === undefined ? null : new Set(flags.db)
          try {
            const { commandBytes } = await decodeFile(
              { file, filter, dbs, signal: interrupt.signal },
              writeOut,
            )
            if (commandBytes > 0) output.note(behind(commandBytes))
          } catch (thrown) {
            // Whoever read our output has seen enough (`| head`): that is no failure.
            if ((thrown as NodeJS.ErrnoException).code !== 'EPIPE') throw thrown
          }
          return exitCode.done
        },
        'reads',
      ),
    )
}

function behind(commandBytes: number): string {
  return `This was the RDB that the append-only file begins with. ${bytes(commandBytes)} of commands follow (keyferry inspect counts them): what they make of these keys, only a server tells that loads the file.`
}

/** Resolves when stdout has taken the bytes, so that a slow reader slows us down. */
function writeOut(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}
