import { fail, type FailureCode, type FailureParams } from '#contract/failure.ts'
import type { Loss } from '#contract/loss.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { ReplyError } from '../resp/decode.ts'
import { shapeOf } from '../resp/commands.ts'
import type { Link } from '../resp/link.ts'
import type { TargetInquiry } from '../target/inquiry.ts'
import type { CommandsSurvey } from './aof-series.ts'
import { parseMeta } from './checkpoint.ts'
import { isOurs } from './own-keys.ts'
import type { TargetPlace } from './target-place.ts'

/** What is always said in another way, so that the target need not know it. */
const alwaysRewritten: ReadonlySet<string> = new Set(['SETEX', 'PSETEX', 'GETEX', 'EVALSHA', 'UNLINK'])
const commandsNamed = 8
/** PEXPIREAT, SET … PX NX, connections with names (2.6.12). */
const oldest = 206

/** Says so many of some commands: `HSETEX (12), XADD (3)`. */
function listCommands(counts: ReadonlyMap<string, number>): string {
  const listed = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} (${count})`)
  return listed.length <= commandsNamed ? listed.join(', ') : `${listed.slice(0, commandsNamed).join(', ')} …`
}

export interface AofScope {
  /** Databases of the target that something is written to. */
  readonly writtenDbs: readonly number[]
  /** Several databases of the file go into one of these. */
  readonly merges: boolean
  /** The target holds a part of it already, by its own checkpoints. */
  readonly begun: boolean
  /** Told of each thing that stands in the way; else the first of them ends it. */
  readonly refuse?: (code: FailureCode, params?: FailureParams) => void
}

/**
 * Looks at a target before commands are applied to it. Resolves with the commands that it cannot do and that may be left
 * out. Fails with `target.*` or `aof.*`; nothing is written.
 */
export async function lookForCommands(
  inquiry: TargetInquiry,
  spec: RestoreSpec,
  survey: CommandsSurvey,
  { writtenDbs, merges, begun, refuse = fail }: AofScope,
): Promise<readonly Loss[]> {
  const { address, look } = inquiry
  // Without PEXPIREAT no expiry could be kept from taking its key before the last command has come.
  if (look.versionNumber < oldest && survey.commands > 0)
    refuse('aof.not-understood', { address, version: look.version, commands: 'PEXPIREAT' })
  const inseparable = new Map(survey.inseparable)
  // Emptying one of two databases that become one would take the other's keys.
  const flushes = survey.byName.get('FLUSHDB')
  if (flushes !== undefined && merges) inseparable.set('FLUSHDB', flushes)
  if (inseparable.size > 0) refuse('aof.cannot-select', { commands: listCommands(inseparable) })
  await inquiry.assertTakes(writtenDbs)
  const missing = new Map<string, number>()
  for (const link of inquiry.links)
    for (const [name, count] of await unknownTo(link, survey)) missing.set(name, count)
  for (const { what, since, count } of survey.needs.values())
    if (since > look.versionNumber) missing.set(what, count)
  if (missing.size > 0)
    refuse('aof.not-understood', { address, version: look.version, commands: listCommands(missing) })
  const losses = look.mode === 'cluster' ? lostInCluster(survey) : []
  if (losses.length > 0 && spec.cannotHold === 'stop')
    refuse('aof.not-in-cluster', { address, commands: listCommands(survey.notInCluster) })
  if (!begun) await assertRoom(inquiry, spec, survey, writtenDbs, refuse)
  return losses
}

/** Does the target say that a part of the task has been done there? */
export async function holdsPart(inquiry: TargetInquiry, { keys: { meta } }: TargetPlace): Promise<boolean> {
  const noted = await inquiry.ask(Buffer.from(meta), ['GET', meta])
  return parseMeta(Buffer.isBuffer(noted) ? noted.toString() : null) !== null
}

function lostInCluster({ notInCluster }: CommandsSurvey): readonly Loss[] {
  return [...notInCluster].map(([type, count]) => ({
    what: 'cluster-command',
    type,
    count,
    examples: [],
    becomes: 'left-out',
  }))
}

/** Fails with `aof.skip-impossible`, `aof.would-flush` or `target.not-empty` where others' keys are in the way. */
async function assertRoom(
  inquiry: TargetInquiry,
  spec: RestoreSpec,
  survey: CommandsSurvey,
  writtenDbs: readonly number[],
  refuse: NonNullable<AofScope['refuse']>,
): Promise<void> {
  const { address } = inquiry
  if (spec.onConflict === 'skip') refuse('aof.skip-impossible')
  let all = 0
  let there = 0
  for (const link of inquiry.links) {
    const held = keyspaceOf(parseInfo(String(await link.ask(['INFO']))))
    all += Object.values(held).reduce((sum, { keys }) => sum + keys, 0)
    there += writtenDbs.reduce((sum, db) => sum + (held[db]?.keys ?? 0), 0)
  }
  const takesAll = ['FLUSHALL', 'SWAPDB'].find((name) => survey.byName.has(name))
  const takesOne = survey.byName.has('FLUSHDB') && there > 0 ? 'FLUSHDB' : undefined
  const taking = (all > 0 ? takesAll : undefined) ?? takesOne
  // Whoever asks for a part of the keys does not mean the others on the target to go.
  const isPart = survey.leftOut > 0
  if (taking !== undefined && (spec.onConflict === 'fail' || isPart))
    refuse('aof.would-flush', { address, command: taking, keys: taking === 'FLUSHDB' ? there : all })
  if (spec.onConflict !== 'fail') return
  if (there > 0)
    refuse('target.not-empty', { address, keys: there, examples: await someKeys(inquiry, writtenDbs) })
  const libraries = survey.byName.has('FUNCTION') ? [...(await inquiry.libraryNames())] : []
  if (libraries.length > 0)
    refuse('target.not-empty', {
      address,
      keys: libraries.length,
      examples: libraries.slice(0, 5).join(', '),
    })
}

async function someKeys({ links }: TargetInquiry, dbs: readonly number[]): Promise<string> {
  const keys: string[] = []
  for (const link of links)
    for (const db of dbs) {
      await link.ask(['SELECT', db])
      const key = await link.call(['RANDOMKEY'])
      if (Buffer.isBuffer(key) && !isOurs(key)) keys.push(key.toString())
    }
  return keys.slice(0, 5).join(', ')
}

/** Commands that the target does not know, with how often they are there. Asked without arguments they do nothing. */
async function unknownTo(
  link: Link,
  { byName, unknown }: CommandsSurvey,
): Promise<ReadonlyMap<string, number>> {
  const missing = new Map<string, number>()
  for (const [name, count] of [...byName, ...unknown]) {
    if (alwaysRewritten.has(name)) continue
    const known =
      byName.has(name) && shapeOf(Buffer.from(name))?.kind === 'write' ? await takes(link, name) : null
    if (!(known ?? (await isListed(link, name)))) missing.set(name, count)
  }
  return missing
}

/** Every command that names keys needs arguments: what says so knows it. */
async function takes(link: Link, name: string): Promise<boolean> {
  const reply = await link.call([name])
  return (
    !(reply instanceof ReplyError) || classifyReplyError(reply.text, {}).code !== 'server.unknown-command'
  )
}

/** By the server's own list (COMMAND, 2.8.13); without one it is believed to know it. */
async function isListed(link: Link, name: string): Promise<boolean> {
  const reply = await link.call(['COMMAND', 'INFO', name])
  return !Array.isArray(reply) || reply[0] !== null
}
