import { basename } from 'node:path'
import type { Command } from 'commander'
import { addressOf } from '#contract/connection.ts'
import { lineOfCommand } from '#contract/cutover-command.ts'
import { fail } from '#contract/failure.ts'
import { writeProfileFile } from '#contract/profile-file.ts'
import type { EndpointView, ProfileView } from '#contract/profile.ts'
import { sayName } from '#contract/words/say-name.ts'
import type { Migrations } from '#migration/open.ts'
import { readProfileText } from '#migration/profile-text.ts'
import { perform } from '../command.ts'
import { exitCode } from '../exit-code.ts'
import { openOwnMigrations } from '../migrations.ts'
import { commandWords, someText } from '../option-values.ts'
import type { Output } from '../output.ts'
import { table } from '../terminal/table.ts'
import { writeText } from '../write-text.ts'

const examples = `
Examples:
  keyferry profiles
  keyferry profiles show "shop to new host" --json
  keyferry profiles duplicate "shop to new host" "shop, second try"
  keyferry profiles delete "shop, second try"
  keyferry profiles on-cutover "shop to new host" './switch-dns shop.example'
  keyferry profiles on-cutover "shop to new host" --none
  keyferry profiles export "shop to new host" -o shop.keyferry
  keyferry profiles import shop.keyferry --json`

const jsonFlag = ['--json', 'one JSON object'] as const

export function define(command: Command): void {
  command
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((_flags: object, command: Command) => performOn(command, list))
  command
    .command('show')
    .description('tell a profile with all its options; never its passwords')
    .argument('<profile>', 'its name, or its id')
    .option(...jsonFlag)
    .action((named: string, _flags: object, command: Command) =>
      performOn(command, ({ profiles }, output) => show(find(profiles.list(), named), output)),
    )
  command
    .command('duplicate')
    .description('make another profile of one, with the passwords it keeps')
    .argument('<profile>', 'its name, or its id')
    .argument('<name>', 'what the new one is called')
    .option(...jsonFlag)
    .action((named: string, name: string, _flags: object, command: Command) =>
      performOn(command, ({ profiles }, output) => {
        const { id } = profiles.duplicate(find(profiles.list(), named).id, name)
        output.event('deed', { deed: 'duplicate', profile: id, name })
        output.line(`Profile "${name}" made (${id}).`)
      }),
    )
  command
    .command('delete')
    .description('forget a profile and the passwords it keeps; its tasks stay')
    .argument('<profile>', 'its name, or its id')
    .option(...jsonFlag)
    .action((named: string, _flags: object, command: Command) =>
      performOn(command, ({ profiles }, output) => {
        const { id, name } = find(profiles.list(), named)
        profiles.remove(id)
        output.event('deed', { deed: 'delete', profile: id, name })
        output.line(`Profile "${name}" forgotten.`)
      }),
    )
  command
    .command('on-cutover')
    .description(
      'have a command run on this machine when applications are to go over; typed here, it is consented to',
    )
    .argument('<profile>', 'its name, or its id')
    .argument(
      '[command]',
      'a program and what it is told; $KEYFERRY_FROM and $KEYFERRY_TO are the addresses',
      commandWords,
    )
    .option('--none', 'run none any more')
    .option(...jsonFlag)
    .action((named: string, words: string[] | undefined, flags: { none?: true }, command: Command) =>
      performOn(command, (migrations, output) =>
        setCommand(migrations, named, flags.none ? null : words, output),
      ),
    )
  command
    .command('export')
    .description('write a profile to a file, without its passwords')
    .argument('<profile>', 'its name, or its id')
    .option('-o, --output <file>', 'where to; "-" is stdout; else its name with .keyferry', someText)
    .option('--json', 'one JSON object, unless the profile itself goes to stdout')
    .action((named: string, flags: { output?: string }, command: Command) =>
      performOn(command, async ({ profiles }, output) => {
        const profile = find(profiles.list(), named)
        const { name, text } = writeProfileFile(profile)
        const file = flags.output ?? name
        await writeText(file, text)
        if (file === '-') return
        output.event('deed', { deed: 'export', profile: profile.id, name: profile.name, file })
        output.line(`Profile "${profile.name}" written to ${file}; its passwords stay here.`)
      }),
    )
  command
    .command('import')
    .description('make a profile from such a file; its passwords are asked for when it is run')
    .argument('<file>')
    .option(...jsonFlag)
    .action((file: string, _flags: object, command: Command) =>
      performOn(command, async ({ profiles }, output) => {
        const { id, name } = profiles.import(await readProfileText(file), basename(file))
        output.event('deed', { deed: 'import', profile: id, name })
        output.line(`Profile "${name}" made (${id}).`)
      }),
    )
}

/** What a subcommand and its parent both know, the parent takes, wherever it stands. */
function performOn(
  command: Command,
  work: (migrations: Migrations, output: Output) => void | Promise<void>,
): Promise<void> {
  const { json } = command.optsWithGlobals<{ json?: true }>()
  return perform(
    json === true,
    async (output) => {
      await using migrations = await openOwnMigrations()
      await work(migrations, output)
      return exitCode.done
    },
    'reads',
  )
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

function show(profile: ProfileView, output: Output): void {
  const { id, name, source, target, options, updatedAt, openTasks } = profile
  output.event('profile', { ...profile, profile: id })
  output.line(`${name} (${id})`)
  for (const [what, endpoint] of [
    ['from', source],
    ['to', target],
  ] as const)
    output.line(`  ${what.padEnd(16)}  ${endpoint === null ? 'not chosen yet' : sideInFull(endpoint)}`)
  for (const [what, value] of Object.entries(options))
    if (what !== 'onCutover') output.line(`  ${what.padEnd(16)}  ${String(value)}`)
  output.line(`  ${'onCutover'.padEnd(16)}  ${commandInFull(profile)}`)
  output.line(
    `  ${'changed (UTC)'.padEnd(16)}  ${new Date(updatedAt).toISOString().replace('T', ' ').slice(0, 19)}`,
  )
  output.line(`  ${'tasks under way'.padEnd(16)}  ${openTasks}`)
}

function setCommand(
  { profiles, consents }: Migrations,
  named: string,
  words: string[] | null | undefined,
  output: Output,
): void {
  const onCutover = words === undefined ? fail('usage.invalid', { field: 'command' }) : words
  const { id, name, updatedAt } = find(profiles.list(), named)
  profiles.change(id, { onCutover }, updatedAt)
  if (onCutover !== null) consents.give(onCutover)
  output.event('deed', { deed: 'on-cutover', profile: id, name, command: onCutover })
  output.line(
    onCutover === null
      ? `Profile "${name}" runs no command at its cutover.`
      : `Profile "${name}" runs at its cutover, on this machine: ${lineOfCommand(onCutover)}`,
  )
}

const passwordWords = { none: 'no password', stored: 'password kept', ask: 'password asked for' } as const

function sideInFull(endpoint: EndpointView): string {
  const { username, tls, via, instanceId, access, passwordKept } = endpoint
  const way = [
    tls === null ? '' : 'TLS',
    via === null ? '' : `by ${via.kind}`,
    username === null ? '' : `user ${username}`,
    instanceId ?? '',
    access === undefined ? '' : sayName('access', access, 'en'),
  ]
  return [addressOf(endpoint), ...way, passwordWords[passwordKept]].filter((part) => part !== '').join(', ')
}

function commandInFull({ options: { onCutover }, commandConsent }: ProfileView): string {
  if (!onCutover || commandConsent === null) return 'none'
  const line = lineOfCommand(onCutover)
  return commandConsent.given
    ? line
    : `${line} (nobody here has consented yet; digest ${commandConsent.digest})`
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
