import { Command, CommanderError } from 'commander'
import { version } from '#console/version.ts'
import type { DefineCommand } from './command.ts'
import { exitCode } from './exit-code.ts'
import { surviveClosedPipes } from './output.ts'
import { withoutSecrets } from './without-secrets.ts'

interface Listed {
  readonly description: string
  readonly load: () => Promise<{ readonly define: DefineCommand }>
}

/** Every command. Only the one that was asked for is loaded. */
const commands: Readonly<Record<string, Listed>> = {
  restore: {
    description: 'restore backups (files, URLs, stdin) into a running server or cluster',
    load: () => import('./commands/restore.ts'),
  },
  restores: {
    description: 'list restores that were cut short, and the command that goes on with each',
    load: () => import('./commands/restores.ts'),
  },
  sync: {
    description: 'copy a live server into another one and follow it',
    load: () => import('./commands/sync.ts'),
  },
  check: {
    description: 'look at two servers before a migration, and tell what stands in its way',
    load: () => import('./commands/check.ts'),
  },
  run: {
    description: 'run the migration of a saved profile',
    load: () => import('./commands/run.ts'),
  },
  profiles: {
    description: 'list saved profiles; show, copy, delete, export and import them',
    load: () => import('./commands/profiles.ts'),
  },
  tasks: {
    description: 'list the runs of profiles, newest first',
    load: () => import('./commands/tasks.ts'),
  },
  report: {
    description: 'write the report of a migration: a page with plots, or JSON',
    load: () => import('./commands/report.ts'),
  },
  verify: {
    description: 'compare a backup, or a server, with a server; repair what differs',
    load: () => import('./commands/verify.ts'),
  },
  freeze: {
    description: 'stop all writes at a server by a change of password',
    load: () => import('./commands/freeze.ts'),
  },
  unfreeze: {
    description: 'put password and users of a frozen server back',
    load: () => import('./commands/unfreeze.ts'),
  },
  finish: {
    description: 'end a sync for good: take what Keyferry added out, put settings back',
    load: () => import('./commands/finish.ts'),
  },
  'roll-back': {
    description: 'go back to the old server of a migration, with all that the new one took since',
    load: () => import('./commands/roll-back.ts'),
  },
  backup: {
    description: 'have servers save (BGSAVE or BGREWRITEAOF) and fetch what they saved',
    load: () => import('./commands/backup.ts'),
  },
  dump: {
    description: 'pull an RDB file from a live server, or one from each master of a cluster',
    load: () => import('./commands/dump.ts'),
  },
  readiness: {
    description: 'tell from real traffic whether applications can use a cluster',
    load: () => import('./commands/readiness.ts'),
  },
  inspect: {
    description: 'tell what is in a backup, RDB or append-only file, and whether it is whole',
    load: () => import('./commands/inspect.ts'),
  },
  decode: {
    description: 'write out every key of an RDB file, value and all, as one JSON object a line',
    load: () => import('./commands/decode.ts'),
  },
  serve: {
    description: 'serve the console to browsers',
    load: () => import('./commands/serve.ts'),
  },
  demo: {
    description: 'move a data set between two servers of its own, live, and prove the result',
    load: () => import('./commands/demo.ts'),
  },
}

/** Columns: a text beside an option is broken where it has that many, so that 80 do for the longest option. */
const narrowestHelp = 30

const howCommandsEnd = `
"keyferry <command> --help" shows its options. A command ends with
0 when it is done, 1 when it failed, 2 when what was typed cannot be understood,
3 when it is done but keys were skipped, refused or found to differ.`

/** Whether `keyferry <word>` is one of ours. */
export function isCommand(word: string | undefined): boolean {
  return word === 'help' || (word !== undefined && Object.hasOwn(commands, word))
}

/** Runs the command that `args` ask for, to its end; `process.exitCode` then tells how it went. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  // What ps shows from now on: a password given as a flag is gone from it.
  process.title = 'keyferry'
  surviveClosedPipes()
  const program = new Command('keyferry')
    .description('Moves a Redis data set from where it is to where it should be, with proof.')
    .version(version)
    .addHelpText('after', howCommandsEnd)
    .configureHelp({ minWidthToWrap: narrowestHelp })
    .showHelpAfterError('(--help shows every option)')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(withoutSecrets(text)) })
  const operands = args.filter((arg) => !arg.startsWith('-'))
  const asked = operands[0] === 'help' ? operands[1] : operands[0]
  for (const [name, { description, load }] of Object.entries(commands)) {
    const command = program.command(name).description(description)
    if (name === asked) (await load()).define(command)
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    // Help that was asked for is no failure; everything else commander refuses was typed wrongly.
    process.exitCode = thrown.exitCode === 0 ? exitCode.done : exitCode.usage
  }
}
