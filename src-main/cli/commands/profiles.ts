import { basename } from 'node:path'
import type { Command } from 'commander'
import { addressOf } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { writeProfileFile } from '#contract/profile-file.ts'
import type { EndpointView, ProfileView } from '#contract/profile.ts'
import type { Migrations } from '#migration/open.ts'
import { readProfileText } from '#migration/profile-text.ts'
import { perform } from '../command.ts'
import { exitCode } from '../exit-code.ts'
import { openOwnMigrations } from '../migrations.ts'
import type { Output } from '../output.ts'
import { table } from '../terminal/table.ts'
import { writeText } from '../write-text.ts'

const examples = `
Examples:
  keyferry profiles
  keyferry profiles export "shop to new host" -o shop.keyferry
  keyferry profiles import shop.keyferry`

export function define(command: Command): void {
  command
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: { json?: true }) => performOn(flags.json === true, list))
  command
    .command('export')
    .description('write a profile to a file, without its passwords')
    .argument('<profile>', 'its name, or its id')
    .option('-o, --output <file>', 'where to; "-" is stdout; else its name with .keyferry')
    .action((named: string, flags: { output?: string }) =>
      performOn(false, async ({ profiles }, output) => {
        const profile = find(profiles.list(), named)
        const { name, text } = writeProfileFile(profile)
        const file = flags.output ?? name
        await writeText(file, text)
        if (file !== '-')
          output.line(`Profile "${profile.name}" written to ${file}; its passwords stay here.`)
      }),
    )
  command
    .command('import')
    .description('make a profile from such a file; its passwords are asked for when it is run')
    .argument('<file>')
    .action((file: string) =>
      performOn(false, async ({ profiles }, output) => {
        const { id, name } = profiles.import(await readProfileText(file), basename(file))
        output.line(`Profile "${name}" made (${id}).`)
      }),
    )
}

function performOn(
  json: boolean,
  work: (migrations: Migrations, output: Output) => void | Promise<void>,
): Promise<void> {
  return perform(json, async (output) => {
    await using migrations = await openOwnMigrations()
    await work(migrations, output)
    return exitCode.done
  })
}

function list({ profiles }: Migrations, output: Output): void {
  const all = profiles.list()
  for (const { id, name, source, target, updatedAt, openTasks } of all)
    output.event('profile', {
      profile: id,
      name,
      source: side(source),
      target: side(target),
      updatedAt,
      openTasks,
    })
  if (all.length === 0) output.line('No profile yet: they are made in the console ("keyferry serve").')
  const rows = all.map(({ id, name, source, target, openTasks }) => [
    id.slice(0, 8),
    name,
    `${side(source) ?? '?'} → ${side(target) ?? '?'}`,
    openTasks === 0 ? '' : String(openTasks),
  ])
  const columns = ['id', 'name', 'from → to', 'tasks under way'].map((name) => [name, 'left'] as const)
  for (const line of table('Profiles, latest change first', columns, rows)) output.line(line)
}

function side(endpoint: EndpointView | null): string | null {
  return endpoint === null ? null : addressOf(endpoint)
}

function find(profiles: readonly ProfileView[], named: string): ProfileView {
  return (
    profiles.find(({ id, name }) => name === named || id === named || id.startsWith(named)) ??
    fail('profile.not-found', {
      name: named,
      known: profiles.map(({ name }) => `"${name}"`).join(', '),
    })
  )
}
