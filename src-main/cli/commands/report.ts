import { Option, type Command } from 'commander'
import { version } from '#console/version.ts'
import { fail } from '#contract/failure.ts'
import type { TaskStanding } from '#contract/task.ts'
import type { Locale } from '#contract/words/say-failure.ts'
import { perform } from '../command.ts'
import { exitCode } from '../exit-code.ts'
import { openOwnMigrations } from '../migrations.ts'
import { someText } from '../option-values.ts'
import { writeText } from '../write-text.ts'

interface ReportFlags {
  readonly output?: string
  readonly json?: true
  readonly language: Locale
}

const examples = `
Examples:
  keyferry report                        the newest begun, as a page beside you
  keyferry report "shop to new host" -o report.html --language ko
  keyferry report 3f2a91c4 --json -o -   as JSON, to stdout`

export function define(command: Command): void {
  command
    .argument('[task]', 'the beginning of a task’s id, or the name of its profile; else the newest one')
    .option(
      '-o, --output <file>',
      'where it is written; "-" is stdout; else a name made from profile and day',
      someText,
    )
    .addOption(new Option('--language <language>', 'of the page').choices(['en', 'zh', 'ko']).default('en'))
    .option('--json', 'JSON for programs instead of a page')
    .addHelpText('after', examples)
    .action((named: string | undefined, flags: ReportFlags) =>
      perform(
        false,
        async (output) => {
          const { reportFile } = await import('#migration/report/report.ts')
          await using migrations = await openOwnMigrations()
          const { tasks } = migrations
          const { id } =
            findTask(tasks.list(), named) ??
            fail('task.not-found', named === undefined ? { none: 1 } : { id: named })
          const form = flags.json ? 'json' : 'html'
          const { name, text } = reportFile(tasks, id, { form, locale: flags.language, keyferry: version })
          const file = flags.output ?? name
          await writeText(file, text)
          if (file !== '-') output.line(`Report written to ${file}`)
          return exitCode.done
        },
        'reads',
      ),
    )
}

/** `tasks` are newest first. */
function findTask(tasks: readonly TaskStanding[], named: string | undefined): TaskStanding | undefined {
  if (named === undefined) return tasks.find(({ startedAt }) => startedAt !== null)
  return tasks.find(({ id, name }) => id.startsWith(named) || name === named)
}
