import { Option, type Command } from 'commander'
import { createHash } from 'node:crypto'
import { addressOf, placeOf, type Connection } from '#contract/connection.ts'
import { readModes, type ReadMode } from '#contract/profile.ts'
import { fail } from '#contract/failure.ts'
import { sameRules, type FollowedRules } from '#contract/selection.ts'
import { streamOrigins, type StreamOrigin } from '#contract/sync.ts'
import type { TaskView } from '#contract/task.ts'
import type { Migrations } from '#migration/open.ts'
import { perform } from '../command.ts'
import {
  addConnectionFlags,
  readConnection,
  readConnections,
  type ConnectionFlags,
} from '../connection-flags.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { addFlushFlag, type FlushFlag } from '../flush-flag.ts'
import { FollowedTask } from '../follow-task.ts'
import { interruptible } from '../interrupt.ts'
import { addFollowedKeyFlags, followedRules, type FollowedKeyFlags } from '../key-flags.ts'
import { addMetricsFlag, openMetrics, type MetricsFlag } from '../metrics-flag.ts'
import { endpointOf, findBegunTask, openOwnMigrations, passwordsOf, placeOfAll } from '../migrations.ts'
import { wholeNumber } from '../option-values.ts'
import type { Output } from '../output.ts'
import { count } from '../terminal/figures.ts'
import { findWayBack, goOnWithWayBack, onlySource } from '../way-back.ts'

interface SyncFlags extends ConnectionFlags, FollowedKeyFlags, MetricsFlag, FlushFlag {
  readonly until?: 'in-step'
  readonly mode: ReadMode
  readonly prefer: StreamOrigin
  readonly onConflict: 'fail' | 'replace'
  readonly maxKeys?: number | null
  readonly settings: boolean
  readonly acceptWarnings?: true
  readonly reverse?: true
  readonly json?: true
}

const wholePace = wholeNumber(1, 10_000_000)

/** Null where there is to be no limit. */
function keysASecond(text: string): number | null {
  return text === 'all' ? null : wholePace(text)
}

/** Of a profile; many servers, or a way over many hops, may be longer. */
const longestName = 120

const examples = `
Examples:
  keyferry sync -f 10.0.0.4:6379 -P - -t 10.0.0.5:6379 -A -
  keyferry sync -f 10.0.0.4:6379 -t 10.0.0.5:6379 --until in-step --json
  keyferry sync -f cache.example:6379 -t 10.0.0.5:6379 --mode scan \\
    --max-keys 5000 --accept-warnings
  keyferry sync -f 10.0.0.4:6379 -t 10.0.0.5:6379 --prefer replica
  keyferry sync -f 10.0.0.4:6379 -f 10.0.0.6:6379 -t 10.0.0.5:6379
  keyferry sync -f node-of-a-cluster:7000 -t 10.0.0.5:6379 --on-flush copy-again
  keyferry sync -f 10.0.0.4:6379 -f 10.0.0.6:6379 -t node-of-a-cluster:7000
  keyferry sync -f 10.0.0.4:6379 -t 10.0.0.5:6379 --db-map 3:0 \\
    --include 'user:*'
  keyferry sync -f 10.0.0.4:6379 -t 10.0.0.5:6379 --metrics 9121
  keyferry sync --reverse -f 10.0.0.4:6379 -P - -t 10.0.0.5:6379 -A -

Several sources, and all masters of a cluster, are followed as shards into the
one target. What is said of the source (-P, --source-tls …) holds for each; a
URL has its own password. Ctrl-C pauses it, and the same command goes on from
there. "keyferry finish" with the same addresses ends it.`

export function define(command: Command): void {
  addConnectionFlags(command, 'source', 'several')
  addConnectionFlags(command, 'target')
    .addOption(
      new Option('--until <moment>', 'end when it is in step, instead of following on').choices(['in-step']),
    )
    .addOption(
      new Option('--on-conflict <policy>', 'what to do with keys the target has already')
        .choices(['fail', 'replace'])
        .default('fail'),
    )
    .addOption(
      new Option('--mode <mode>', 'how the source is read: stream (as a replica), scan (key by key), or auto')
        .choices(readModes)
        .default('auto'),
    )
    .addOption(
      new Option(
        '--prefer <whose>',
        'whose stream is followed: a replica’s while one is healthy, or the primary’s',
      )
        .choices(streamOrigins)
        .default('primary'),
    )
    .option(
      '--max-keys <number>',
      'read key by key: go through so many a second at the most, or "all" without a limit (default: 20000)',
      keysASecond,
    )
    .option('--reverse', 'go on with the way back that a cutover between these two has left open')
    .option('--no-settings', 'leave the settings of both servers as they are')
    .option('--accept-warnings', 'go on where the checks only warn')
  addMetricsFlag(addFlushFlag(addFollowedKeyFlags(command, 'source')))
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: SyncFlags) => perform(flags.json === true, (output) => sync(flags, output)))
}

async function sync(flags: SyncFlags, output: Output): Promise<ExitCode> {
  const sources = await readConnections(flags, 'source')
  const { connection: target } = await readConnection(flags, 'target')
  const rules = followedRules(flags)
  await using migrations = await openOwnMigrations()
  await using _metrics = await openMetrics(flags, migrations.tasks, output)
  if (flags.reverse) return await goBack(migrations, onlySource(sources), target, output)
  using interrupt = interruptible(() => output.note('Pausing: what is under way is answered for first.'))
  const begun = findBegunTask(migrations, sources, target)
  if (begun !== undefined && !sameRules(begun.options.rules, rules))
    fail('task.other-rules', { address: addressOf(target) })
  const { id } = begun ?? makeTask(migrations, sources, target, { ...flags, rules })
  // Of one that was begun before, too.
  if (flags.maxKeys !== undefined) migrations.tasks.pace(id, flags.maxKeys)
  using task = new FollowedTask(migrations, id, output, interrupt.signal, flags.onFlush)
  await task.start(passwordsOf(sources, target), flags.acceptWarnings === true)
  try {
    await task.until(({ inStep }) => inStep)
    if (flags.until === 'in-step') return told(await migrations.tasks.leave(id), output)
    output.note('In step. It follows on; Ctrl-C pauses it.')
    await task.until(() => false)
    return exitCode.done
  } catch (thrown) {
    if (!interrupt.signal.aborted) throw thrown
    const { actions, inStep } = task.view
    if (actions.includes('pause')) await migrations.tasks.pause(id)
    // In the middle of the copy, or while a server is away, nothing can be said of what the target holds.
    if (!inStep) throw thrown
    return told(migrations.tasks.get(id), output)
  }
}

/** From the target of a finished migration to its source. */
async function goBack(
  migrations: Migrations,
  source: Connection,
  target: Connection,
  output: Output,
): Promise<ExitCode> {
  const { id } = findWayBack(migrations, source, target)
  return await goOnWithWayBack(migrations, id, passwordsOf([target], source), output)
}

function told({ id, state, progress, source, target }: TaskView, output: Output): ExitCode {
  output.event('done', {
    task: id,
    state,
    offset: progress?.appliedOffset ?? null,
    sourceKeys: progress?.sourceKeys ?? null,
    targetKeys: progress?.targetKeys ?? null,
    exitCode: exitCode.done,
  })
  const offset = progress?.appliedOffset ?? null
  const shards = progress?.shards ?? []
  const upTo = shards.length > 1 ? 'the offsets below' : `offset ${count(offset ?? 0)}`
  output.line(
    offset === null
      ? `The target ${addressOf(target)} holds ${addressOf(source)} as it was read, key by key.`
      : `The target ${addressOf(target)} holds all of ${addressOf(source)} up to ${upTo}.`,
  )
  if (shards.length > 1)
    for (const { address, appliedOffset } of shards) output.line(`  ${address}  ${count(appliedOffset ?? 0)}`)
  output.line('The same command goes on from there; "keyferry finish" ends it for good.')
  return exitCode.done
}

/**
 * A profile for these servers, one however often they are synced, and a task with the options of this very
 * command: one that was never begun has those of an earlier one. The profile keeps no password.
 */
function makeTask(
  migrations: Migrations,
  sources: readonly Connection[],
  target: Connection,
  flags: SyncFlags & { readonly rules: FollowedRules | undefined },
): TaskView {
  const { profiles, tasks } = migrations
  const name = profileName(`sync ${placeOfAll(sources)} → ${placeOf(target)}`)
  const existing = profiles.list().find((profile) => profile.name === name)
  const profile = profiles.save({
    ...(existing && { id: existing.id, basedOn: existing.updatedAt }),
    name,
    source: endpointOf(sources),
    target: endpointOf([target]),
    options: {
      onConflict: flags.onConflict,
      mode: flags.mode,
      prefer: flags.prefer,
      ...(flags.maxKeys !== undefined && { scanKeysPerSecond: flags.maxKeys }),
      adjustSettings: flags.settings,
      copyConnections: 8,
      lanes: 4,
      proof: 'full',
      afterFinish: 'unfreeze',
      ...(flags.rules !== undefined && { rules: flags.rules }),
    },
  })
  return tasks.create(profile.id)
}

/** One that is cut stays one of its own. */
function profileName(whole: string): string {
  if (whole.length <= longestName) return whole
  const mark = createHash('sha256').update(whole).digest('hex').slice(0, 8)
  return `${whole.slice(0, longestName - mark.length - 2)}… ${mark}`
}
