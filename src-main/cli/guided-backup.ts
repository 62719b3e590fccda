import { addressOf, keysOf, type Connection, type ServerFacts } from '#contract/connection.ts'
import type { MadeBackup } from '#contract/backup.ts'
import { fail } from '#contract/failure.ts'
import { comparisonUnderFreeze, type VerifyResult } from '#contract/verify.ts'
import type { SourcesFreezeRequest } from '#migration/freeze/freeze-sources.ts'
import type { KeptFreeze } from '#migration/freeze/record.ts'
import { restoresFolder } from '#console/data-folder.ts'
import { runRestore } from './commands/restore.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { freezeId } from './freeze-id.ts'
import { interruptible } from './interrupt.ts'
import { makeBackups } from './make-backups.ts'
import { openOwnMigrations } from './migrations.ts'
import type { Output } from './output.ts'
import { readSpec } from './restore-spec.ts'
import { askLine } from './terminal/ask-line.ts'
import { bytes, keys } from './terminal/figures.ts'
import { restoreSummary } from './terminal/restore-summary.ts'
import { verifyLines, verifyStatus } from './terminal/verify-lines.ts'
import { watchHands } from './watch-hands.ts'

export interface GuidedOrder {
  readonly source: Connection
  readonly target: Connection
  /** For the backups. */
  readonly folder: string
  readonly force: boolean
  readonly byHand: boolean
  /** Nobody is asked whether writes may be frozen. */
  readonly isConsented: boolean
}

const steps = ['look', 'freeze', 'backup', 'restore', 'compare', 'hand-over'] as const
type Step = (typeof steps)[number]

const titles: Readonly<Record<Step, string>> = {
  look: 'Look at both sides',
  freeze: 'Freeze writes at the source, until nothing is written any more',
  backup: 'Make the backup, and wait for it',
  restore: 'Restore it into the target',
  compare: 'Compare memory, counts and every value',
  'hand-over': 'Point the applications to the new address',
}

/**
 * A move by backup file, from the first look to the new address, in the order that loses no write: nothing is written
 * at the source from before its backup is made. It stays frozen at the end, lest applications go on writing to it. The
 * same command goes on after an interruption.
 */
export async function guidedBackup(order: GuidedOrder, output: Output): Promise<ExitCode> {
  const { source, target } = order
  using interrupt = interruptible(() => output.note('Ending in order; what is frozen stays frozen.'))
  const { signal } = interrupt
  const begin = (step: Step): void => {
    output.event('step', { step, number: steps.indexOf(step) + 1, of: steps.length })
    output.note(`\n${steps.indexOf(step) + 1}/${steps.length}  ${titles[step]}`)
  }

  begin('look')
  const { probeServer } = await import('#engine/redis/probe.ts')
  await using migrations = await openOwnMigrations()
  const isFrozen = migrations.freezes.open(freezeId([source])).length > 0
  const before = isFrozen ? null : await probeServer(source, signal)
  const empty = await probeServer(target, signal)
  // Frozen already it is gone on with: what an interrupted restore has written may be there.
  const mayReplace = isFrozen && order.force
  if (keysOf(empty) > 0 && !mayReplace)
    fail('target.not-empty', { address: addressOf(target), keys: keysOf(empty), examples: '' })
  for (const facts of before === null ? [empty] : [before, empty]) output.note(factsLine(facts))
  if (target.password === undefined)
    output.note('The target lets in whoever knows its address: set a password before applications use it.')

  begin('freeze')
  if (!order.isConsented && !isFrozen && (await askToFreeze(source, signal)) !== 'freeze')
    fail('job.cancelled')
  const request = { taskId: freezeId([source]), sources: [source], journal: migrations.freezes, signal }
  const kept = await freeze(request, order.byHand, output)
  const { frozenConnection } = await import('#migration/freeze/sign-in.ts')
  const frozen = frozenConnection(kept.record)
  output.event('frozen', { address: addressOf(source), signedOut: kept.record.signedOut })
  output.note(`Writes at ${addressOf(source)} are frozen, and nothing is written any more.`)

  begin('backup')
  const spec = {
    sources: [frozen],
    folder: order.folder,
    kind: 'rdb' as const,
    force: order.force || isFrozen,
  }
  const { backups } = await makeBackups(spec, output)
  const files = await filesOf(backups, output, signal)
  if (files.length === 0) return elsewhere(order, output)

  begin('restore')
  const restored = await runRestore(
    readSpec({
      files: [...files],
      target,
      connections: 16,
      onConflict: mayReplace ? 'replace' : 'fail',
      stateFolder: restoresFolder(),
    }),
    output,
  )
  for (const line of restoreSummary(restored)) output.line(line)

  begin('compare')
  const [now, filled] = await Promise.all([probeServer(frozen, signal), probeServer(target, signal)])
  output.line(`Memory: ${memory(now)} at the source, ${memory(filled)} at the target.`)
  const proof = await compare(frozen, target, output, signal)
  for (const line of verifyLines(proof)) output.line(line)

  begin('hand-over')
  const code = proof.equal ? exitCode.done : exitCode.differs
  output.event('done', { equal: proof.equal, target: addressOf(target), freeze: 'left', exitCode: code })
  output.line(
    proof.equal
      ? `Everything has arrived: the applications’ new address is ${addressOf(target)}.`
      : `Not everything is equal: repair it with "keyferry verify -i ${files.join(' -i ')} -t ${addressOf(target)} --repair".`,
  )
  output.line(
    `${addressOf(source)} is still frozen. "keyferry unfreeze -f ${addressOf(source)}" lets its writers in again.`,
  )
  return code
}

/** Of one source. */
async function freeze(request: SourcesFreezeRequest, byHand: boolean, output: Output): Promise<KeptFreeze> {
  if (byHand) return (await watchHands(request, output))[0]!
  const { freezeSources } = await import('#migration/freeze/freeze-sources.ts')
  return (await freezeSources(request))[0]!
}

async function askToFreeze(source: Connection, signal: AbortSignal): Promise<string | null> {
  if (!process.stdin.isTTY)
    fail('usage.invalid', { field: '--guided', reason: 'without a terminal to ask at it needs --yes' })
  return await askLine(
    `From now on ${addressOf(source)} will refuse every write. Type "freeze" to begin: `,
    signal,
  )
}

/** Where the backups lie: fetched by us, or as a person who has fetched them says. None: nobody is there to ask. */
async function filesOf(
  backups: readonly MadeBackup[],
  output: Output,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const fetched = backups.flatMap(({ file }) => file ?? [])
  if (fetched.length === backups.length) return fetched
  for (const { address, madeAt } of backups)
    output.note(
      `${address} has saved${madeAt === null ? '' : `, there at ${madeAt}`}; its files are not reached from here.`,
    )
  output.note(
    'Make the backup in the service’s console and wait for it. Its download link works inside its own zone only: open it\nfrom a machine there, or run this on one.',
  )
  if (!process.stdin.isTTY) return []
  const typed = await askLine('Its file here, or its link: ', signal)
  return typed === null || typed === '' ? [] : [typed]
}

function elsewhere({ source, target }: GuidedOrder, output: Output): ExitCode {
  const to = addressOf(target)
  output.event('done', { equal: null, target: to, freeze: 'left', exitCode: exitCode.differs })
  output.line(`Go on with the file or its link, while ${addressOf(source)} is frozen:`)
  for (const command of [`restore -n 16 -i FILE -t ${to} -A -`, `verify -i FILE -t ${to} -A -`])
    output.line(`  keyferry ${command}`)
  return exitCode.differs
}

async function compare(
  source: Connection,
  target: Connection,
  output: Output,
  signal: AbortSignal,
): Promise<VerifyResult> {
  const [{ findParts }, { createJobRunner }] = await Promise.all([
    import('#console/parts.ts'),
    import('#engine/worker/pool.ts'),
  ])
  const spec = comparisonUnderFreeze(source, target)
  return await createJobRunner(findParts().worker).run('verify', spec, {
    signal,
    onProgress: (progress) => {
      output.event('progress', progress)
      output.status(verifyStatus(progress))
    },
  })
}

function factsLine(facts: ServerFacts): string {
  const { address, flavour, version, role } = facts
  return `${address}: ${flavour} ${version}, ${role}, ${keys(keysOf(facts))}, ${memory(facts)}`
}

function memory({ usedMemory, maxMemory }: ServerFacts): string {
  const used = usedMemory === null ? 'memory not told' : bytes(usedMemory)
  return maxMemory === null || maxMemory === 0 ? used : `${used} of ${bytes(maxMemory)}`
}
