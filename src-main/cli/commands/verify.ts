import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Option, type Command } from 'commander'
import type { z } from 'zod'
import { dataFolder } from '#console/data-folder.ts'
import type { Connection } from '#contract/connection.ts'
import { fail, toFailure } from '#contract/failure.ts'
import {
  keptDifferences,
  verifySpecSchema,
  type backupSchema,
  type VerifyOrder,
  type VerifyProgress,
  type VerifyResult,
  type VerifySpec,
} from '#contract/verify.ts'
import { perform } from '../command.ts'
import {
  addConnectionFlags,
  readConnection,
  readConnections,
  type ConnectionFlags,
} from '../connection-flags.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import { openOwnMigrations, reachFrozen } from '../migrations.ts'
import { addKeyFlags, followedRules, keyFields, type KeyFlags } from '../key-flags.ts'
import { gather, moment, someText, wholeNumber } from '../option-values.ts'
import type { Output } from '../output.ts'
import { askLine } from '../terminal/ask-line.ts'
import { verifyLines, verifyStatus } from '../terminal/verify-lines.ts'

interface VerifyFlags extends ConnectionFlags, KeyFlags {
  readonly input?: readonly string[]
  readonly until?: number
  readonly server?: string
  readonly mode: VerifySpec['mode']
  readonly sample?: number
  readonly maxKeys?: number
  readonly differences?: string
  readonly repair?: true
  readonly deleteExtra?: true
  readonly yes?: true
  readonly json?: true
}

const examples = `
Examples:
  keyferry verify -i dump.rdb -t 10.0.0.5:6379 -A -
  keyferry verify -i dump.rdb -t 10.0.0.5:6379 --target-db 0 --add-prefix old:
  keyferry verify -i dump.rdb -t 10.0.0.5:6379 --sample 10000 --max-keys 2000
  keyferry verify -i /backups/appendonlydir -t 10.0.0.5:6379 \\
    --server /usr/bin/redis-server
  keyferry verify -f 10.0.0.4:6379 -t 10.0.0.5:6379 --mode counts
  keyferry verify -f 10.0.0.4:6379 -t 10.0.0.5:6379 --db-map 3:0 \\
    --include 'user:*'
  keyferry verify -f 10.0.0.4:6379 -f 10.0.0.6:6379 -t 10.0.0.5:6379
  keyferry verify -i dump.rdb -t 10.0.0.5:6379 --differences diff.jsonl --repair`

export function define(command: Command): void {
  command.option('-i, --input <file>', 'a backup file instead of a source; may be repeated', gather)
  addConnectionFlags(command, 'source', 'optional-several')
  addConnectionFlags(command, 'target')
  // What the restore of the backup, or the live sync, was told, in the same words.
  addKeyFlags(command)
    .option('--until <time>', 'of an append-only file with times: nothing written after that', moment)
    .option(
      '--server <program>',
      'the redis-server or valkey-server of 7.0 or later that loads an append-only file for us; else one is looked for here',
    )
    .addOption(
      new Option('--mode <what>', 'key counts, some values, or every value both ways')
        .choices(['counts', 'sample', 'full'])
        .default('full'),
    )
    .option('--sample <keys>', 'compare so many values, spread over the source', wholeNumber(1, 1_000_000))
    .option('--max-keys <number>', 'compare at most so many keys a second', wholeNumber(1, 1e9))
    .option('--differences <file>', 'write each difference into this file, as a line of JSON', someText)
    .option('--repair', 'write what differs again from the source, once you have typed that you mean it')
    .option('--delete-extra', 'with --repair: delete what only the target has')
    .option('--yes', 'with --repair: do not ask')
    .option('--json', 'one JSON object a line on stdout')
    .addHelpText('after', examples)
    .action((flags: VerifyFlags) =>
      perform(
        flags.json === true,
        (output) => verify(flags, output),
        flags.repair === true ? 'writes' : 'reads',
      ),
    )
}

/** Exit code 3 where the sides differ. */
async function verify(flags: VerifyFlags, output: Output): Promise<ExitCode> {
  const spec = await requested(flags)
  const result = await compare(spec, flags.yes === true, output)
  if (flags.differences !== undefined) await writeDifferences(flags.differences, result)
  const code = result.equal ? exitCode.done : exitCode.differs
  output.event('done', { ...result, differences: result.differences.slice(0, told), exitCode: code })
  for (const text of verifyLines(result, { ofBackup: 'files' in spec.source, repair: spec.repair }))
    output.line(text)
  return code
}

/** Differences that the last event tells. */
const told = 100

async function requested(flags: VerifyFlags): Promise<VerifySpec> {
  const { input, source: named, sample, maxKeys, repair = false, deleteExtra = false } = flags
  if ((input === undefined) === (named === undefined))
    fail('usage.invalid', { field: '--input', reason: 'name either a backup (-i) or a source (-f)' })
  if (deleteExtra && !repair)
    fail('usage.invalid', { field: '--delete-extra', reason: 'it is a part of --repair' })
  if (repair && flags.yes === undefined && !process.stdin.isTTY)
    fail('usage.invalid', { field: '--repair', reason: 'without a terminal to ask at it needs --yes' })
  const { connection: target, db } = await readConnection(flags, 'target')
  const request = {
    source: input === undefined ? await sourceOf(flags) : backupOf(input, flags, db),
    target,
    ...(input === undefined && rulesOf(flags)),
    mode: sample === undefined ? flags.mode : 'sample',
    ...(sample === undefined ? {} : { sampleKeys: sample }),
    ...(maxKeys === undefined ? {} : { keysPerSecond: maxKeys }),
    ...(flags.differences === undefined ? {} : { listed: keptDifferences }),
    repair,
    deleteExtra,
  }
  const read = verifySpecSchema.safeParse(request)
  if (read.success) return read.data
  const [issue] = read.error.issues
  return fail('usage.invalid', { field: issue?.path.join('.') ?? '', reason: issue?.message ?? '' })
}

/** Of a live sync. Fails with `usage.invalid`, for expiries too: those stay as they are. */
function rulesOf(flags: VerifyFlags): Pick<VerifySpec, 'rules'> {
  if (flags.ttl !== undefined)
    fail('usage.invalid', { field: '--ttl', reason: 'it is a rule for backups (-i)' })
  const rules = followedRules(flags)
  return rules === undefined ? {} : { rules }
}

function backupOf(
  files: readonly string[],
  { until, server, ...flags }: VerifyFlags,
  db: number | undefined,
): z.input<typeof backupSchema> {
  return {
    files: [...files],
    restoredAs: { ...keyFields(flags, db), ...(until === undefined ? {} : { until }) },
    ...(server === undefined ? {} : { server }),
  }
}

async function sourceOf(flags: VerifyFlags): Promise<{ readonly servers: Connection[] }> {
  return { servers: await frozenOrTyped(await readConnections(flags, 'source')) }
}

async function compare(spec: VerifySpec, isConsented: boolean, output: Output): Promise<VerifyResult> {
  const [{ findParts }, { createJobRunner }] = await Promise.all([
    import('#console/parts.ts'),
    import('#engine/worker/pool.ts'),
  ])
  using interrupt = interruptible(() => output.note('Stopping.'))
  let give: (order: VerifyOrder) => void = () => undefined
  let isAsked = isConsented
  const onProgress = (progress: VerifyProgress): void => {
    output.event('progress', progress)
    if (progress.phase !== 'asking') output.status(verifyStatus(progress))
    else if (!isAsked) {
      isAsked = true
      output.clearStatus()
      void askToRepair(spec, progress, interrupt.signal).then(give)
    }
  }
  return await createJobRunner(findParts().worker).run('verify', spec, {
    signal: interrupt.signal,
    onProgress,
    onStart: (order) => {
      give = order
      if (isConsented) order({ type: 'repair' })
    },
  })
}

async function askToRepair(
  { deleteExtra, target }: VerifySpec,
  { differing, extra }: VerifyProgress,
  signal: AbortSignal,
): Promise<VerifyOrder> {
  const others = differing - extra
  const deeds = [
    ...(others > 0 ? [`write ${others} of its keys again`] : []),
    ...(deleteExtra && extra > 0 ? [`delete ${extra} that only it has`] : []),
  ].join(' and ')
  const question = `${target.host}:${target.port} differs. Type "repair" to ${deeds || 'load the functions again'}: `
  return { type: (await askLine(question, signal)) === 'repair' ? 'repair' : 'leave' }
}

async function writeDifferences(path: string, { differences }: VerifyResult): Promise<void> {
  try {
    await writeFile(path, differences.map((one) => `${JSON.stringify(one)}\n`).join(''))
  } catch (thrown) {
    const reason = (thrown as NodeJS.ErrnoException).code ?? ''
    fail('usage.invalid', { field: '--differences', reason: `the file cannot be written (${reason})` })
  }
}

/** A comparison needs nothing that is kept: where that cannot be opened, sources are reached as typed. */
async function frozenOrTyped(typed: readonly Connection[]): Promise<Connection[]> {
  if (!existsSync(join(dataFolder(), 'keyferry.db'))) return [...typed]
  try {
    await using migrations = await openOwnMigrations()
    return typed.map((source) => reachFrozen(migrations, source))
  } catch (thrown) {
    if (toFailure(thrown).code.startsWith('store.')) return [...typed]
    throw thrown
  }
}
