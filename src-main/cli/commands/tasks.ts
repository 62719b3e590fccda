import type { Command } from 'commander'
import { fail } from '#contract/failure.ts'
import { sayMoment } from '#contract/schedule.ts'
import type { TaskStanding, TaskView, TogetherRequest } from '#contract/task.ts'
import { sayEvent } from '#contract/words/say-event.ts'
import { sayFailure } from '#contract/words/say-failure.ts'
import type { Migrations } from '#migration/open.ts'
import { perform } from '../command.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { openOwnMigrations } from '../migrations.ts'
import type { Output } from '../output.ts'
import { table } from '../terminal/table.ts'
import { taskLine } from '../terminal/task-line.ts'

const examples = `
A task is one run of a profile; "keyferry report" tells everything about one.
One is named by the beginning of its id or by its profile, whichever console or
command runs it. Examples:
  keyferry tasks
  keyferry tasks show shop
  keyferry tasks pause shop sessions
  keyferry tasks stop 3f2a91c0 --json
  keyferry tasks clear`

const deeds = {
  pause: 'pause them: they can be resumed where they stand',
  stop: 'give them up: settings and passwords are put back, what was copied stays',
  disarm: 'have them not started at their time',
  remove: 'forget them, where they are over or were never started',
} as const

export function define(command: Command): void {
  command
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((_flags: object, command: Command) => performOn(command, list))
  command
    .command('show')
    .description('tell how one stands, and what has happened to it last')
    .argument('<task>', 'its id, or the name of its profile: then its newest')
    .option('--json', 'one JSON object')
    .action((named: string, _flags: object, command: Command) =>
      performOn(command, ({ tasks }, output) => show(tasks.get(findTask(tasks.list(), named).id), output)),
    )
  for (const [word, description] of Object.entries(deeds))
    command
      .command(word)
      .description(description)
      .argument('<task...>', 'their ids, or the names of their profiles')
      .option('--json', 'one JSON object a line on stdout')
      .action((named: readonly string[], _flags: object, command: Command) =>
        performOn(command, (migrations, output) =>
          together(migrations, word as keyof typeof deeds, named, output),
        ),
      )
  command
    .command('clear')
    .description('forget all that are over')
    .argument('[search]', 'only those with this in their name or addresses')
    .option('--json', 'one JSON object')
    .action((search: string | undefined, _flags: object, command: Command) =>
      performOn(command, async ({ tasks }, output) => {
        const removed = await tasks.clearHistory(search ?? '')
        output.event('deed', { deed: 'clear', removed })
        output.line(`${removed} forgotten.`)
        return exitCode.done
      }),
    )
}

/** What a subcommand and its parent both know, the parent takes, wherever it stands. */
function performOn(
  command: Command,
  work: (migrations: Migrations, output: Output) => ExitCode | Promise<ExitCode>,
): Promise<void> {
  return perform(command.optsWithGlobals<{ json?: true }>().json === true, async (output) => {
    await using migrations = await openOwnMigrations()
    return await work(migrations, output)
  })
}

function list({ tasks }: Migrations, output: Output): ExitCode {
  const all = tasks.list()
  for (const { id, name, state, from, to, startedAt, endedAt, schedule, wayBackOf } of all)
    output.event('task', {
      task: id,
      name,
      state,
      source: from,
      target: to,
      startedAt,
      endedAt,
      schedule,
      wayBackOf,
    })
  if (all.length === 0) output.line('No task yet.')
  const rows = all.map(({ id, name, state, stateSince, from, to, schedule, wayBackOf }) => [
    id.slice(0, 8),
    wayBackOf === null ? name : `${name} (way back)`,
    state,
    state === 'scheduled' && schedule !== null
      ? `for ${sayMoment(schedule)}`
      : new Date(stateSince).toISOString().replace('T', ' ').slice(0, 19),
    `${from} → ${to}`,
  ])
  const columns = ['task', 'profile', 'state', 'since (UTC)', 'from → to'].map(
    (name) => [name, 'left'] as const,
  )
  for (const line of table('Tasks, newest first', columns, rows)) output.line(line)
  return exitCode.done
}

const eventsShown = 20

function show(task: TaskView, output: Output): ExitCode {
  const { id, name, state, from, to, failure, events } = task
  output.event('task', { ...task, task: id })
  output.line(`${name} (${id}): ${state}, ${from} → ${to}`)
  const line = taskLine(task)
  if (line !== null) output.line(line)
  if (failure !== null) {
    const { what, safe, todo } = sayFailure(failure, 'en')
    for (const text of [what, safe, todo]) output.line(`  ${text}`)
  }
  const rows = events
    .slice(0, eventsShown)
    .reverse()
    .map((event) => [new Date(event.at).toISOString().replace('T', ' ').slice(0, 19), sayEvent(event, 'en')])
  const columns = [
    ['time (UTC)', 'left'],
    ['what happened', 'left'],
  ] as const
  for (const text of table('Last events', columns, rows)) output.line(text)
  return exitCode.done
}

async function together(
  { tasks }: Migrations,
  word: keyof typeof deeds,
  named: readonly string[],
  output: Output,
): Promise<ExitCode> {
  const all = tasks.list()
  const deed: TogetherRequest['deed'] = word === 'disarm' ? 'unschedule' : word
  const meant = named.map((name) => findTask(all, name, deed))
  const answers = await tasks.together({ deed, ids: meant.map(({ id }) => id) })
  for (const [index, { id, failure }] of answers.entries()) {
    const { name } = meant[index]!
    if (output.json) {
      const refused = failure && { code: failure.code, params: failure.params, ...sayFailure(failure, 'en') }
      output.event('deed', { deed: word, task: id, name, failure: refused })
    } else if (failure === null) output.line(`${name} (${id.slice(0, 8)}): done.`)
    else {
      output.line(`${name} (${id.slice(0, 8)}): not done.`)
      output.failure(failure)
    }
  }
  return answers.some(({ failure }) => failure !== null) ? exitCode.failed : exitCode.done
}

/** Of several runs of a profile the newest that allows the deed is meant. */
function findTask(all: readonly TaskStanding[], named: string, deed?: TogetherRequest['deed']): TaskStanding {
  const those = all.filter(({ id, name }) => id.startsWith(named) || name === named)
  const able =
    deed === undefined
      ? undefined
      : those.find(({ actions }) => (actions as readonly string[]).includes(deed))
  return able ?? those[0] ?? fail('task.not-found', { id: named })
}
