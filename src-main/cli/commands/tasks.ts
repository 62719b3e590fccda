import type { Command } from 'commander'
import { perform } from '../command.ts'
import { exitCode } from '../exit-code.ts'
import { openOwnMigrations } from '../migrations.ts'
import { table } from '../terminal/table.ts'

export function define(command: Command): void {
  command
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', '\nA task is one run of a profile; "keyferry report" tells everything about one.')
    .action((flags: { json?: true }) =>
      perform(flags.json === true, async (output) => {
        await using migrations = await openOwnMigrations()
        const tasks = migrations.tasks.list()
        for (const { id, name, state, from, to, startedAt, endedAt } of tasks)
          output.event('task', {
            task: id,
            name,
            state,
            source: from,
            target: to,
            startedAt,
            endedAt,
          })
        if (tasks.length === 0) output.line('No task yet.')
        const rows = tasks.map(({ id, name, state, stateSince, from, to }) => [
          id.slice(0, 8),
          name,
          state,
          new Date(stateSince).toISOString().replace('T', ' ').slice(0, 19),
          `${from} → ${to}`,
        ])
        const columns = ['task', 'profile', 'state', 'since (UTC)', 'from → to'] as const
        for (const line of table(
          'Tasks, newest first',
          columns.map((column) => [column, 'left']),
          rows,
        ))
          output.line(line)
        return exitCode.done
      }),
    )
}
