import { makeFailure, type Failure } from '#contract/failure.ts'
import type { DbKey } from '../flow/checkpoint.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand, type Argument } from '../resp/encode.ts'
import { encodeLongCommand, type LongArgument, type LongArguments } from '../resp/long-argument.ts'
import { PlainRun } from './plain-run.ts'

/** A unit made ready for the target: rewritten, encoded, and placed. */
export interface PreparedUnit {
  /** The offset of its last byte in the source's stream, and the database selected behind it. */
  readonly end: number
  readonly db: number
  readonly commands: readonly PreparedCommand[]
  /** The lanes of its keys, ascending; all of them where its keys are not known. */
  readonly lanes: readonly number[]
}

export interface PreparedCommand {
  readonly db: number
  readonly name: string
  /** As it is sent; where it has long arguments, `long` has them by what stands in their places. */
  readonly words: readonly Argument[]
  readonly long?: LongArguments | undefined
  /** One whole command; empty where it has long arguments. */
  readonly bytes: Uint8Array
  /** The command where it has long arguments. */
  readonly parts?: readonly (Uint8Array | LongArgument)[]
  readonly keys: readonly DbKey[]
  /** The key of ours that it is about, where it is about none of the data: in a cluster it goes with its slot. */
  readonly ours?: Buffer
}

/** What tells a cluster where this command is to go. */
export function placesOf({ keys, ours }: PreparedCommand): readonly Buffer[] {
  return ours === undefined ? keys.map(({ key }) => key) : [ours]
}

/** A command as it is sent, and its words. */
export function encoded(
  words: readonly Argument[],
  long?: LongArguments,
): Pick<PreparedCommand, 'words' | 'long' | 'bytes' | 'parts'> {
  return long === undefined || !words.some((word) => long.has(word))
    ? { words, bytes: encodeCommand(words) }
    : { words, long, bytes: nothing, parts: encodeLongCommand(words, long) }
}

const nothing = Buffer.alloc(0)

/** Is it too long to be held as a whole? */
export function isLong({ commands }: PreparedUnit): boolean {
  return commands.some(({ parts }) => parts !== undefined)
}

/** Could our own keys be gone behind it: is there a command in it that takes whole databases? */
export function mayTakeOurKeys({ commands }: PreparedUnit): boolean {
  return commands.some(takesDatabases)
}

export function takesDatabases({ name }: PreparedCommand): boolean {
  return name === 'FLUSHALL' || name === 'FLUSHDB' || name === 'SWAPDB'
}

/** A transaction as it goes over the wire, and whose each of its commands is. */
export interface Frame {
  readonly parts: readonly (Uint8Array | LongArgument)[]
  /** For each command between MULTI and EXEC its unit, or the run that it stands in; null for ours. */
  readonly owners: readonly (PreparedUnit | null)[]
}

/** The units themselves, where some stand in runs. */
export function takenApart(units: readonly PreparedUnit[]): readonly PreparedUnit[] {
  return units.flatMap((unit) => (unit instanceof PlainRun ? unit.units : [unit]))
}

/** How many commands there are in a unit, or in a run of them. */
export function commandsIn(unit: PreparedUnit): number {
  return unit instanceof PlainRun ? unit.count : unit.commands.length
}

/** Bytes of a unit's commands that are held. */
export function sizeOf(unit: PreparedUnit): number {
  if (unit instanceof PlainRun) return unit.size
  let bytes = 0
  for (const command of unit.commands) bytes += command.bytes.length
  return bytes
}

const multi = encodeCommand(['MULTI'])
const exec = encodeCommand(['EXEC'])

/** Units and commands of ours (in database 0, behind them) as one transaction. It begins and ends in database 0. */
export function encodeFrame(units: readonly PreparedUnit[], ours: readonly (readonly Argument[])[]): Frame {
  const parts: (Uint8Array | LongArgument)[] = [multi]
  const owners: (PreparedUnit | null)[] = []
  let selected = 0
  const select = (db: number): void => {
    if (db === selected) return
    parts.push(encodeCommand(['SELECT', db]))
    owners.push(null)
    selected = db
  }
  for (const unit of units) {
    if (unit instanceof PlainRun) {
      select(unit.db)
      parts.push(unit.bytes)
      for (let index = 0; index < unit.count; index += 1) owners.push(unit)
      continue
    }
    for (const { db, bytes, parts: long } of unit.commands) {
      select(db)
      parts.push(...(long ?? [bytes]))
      owners.push(unit)
    }
  }
  select(0)
  for (const command of ours) {
    parts.push(encodeCommand(command))
    owners.push(null)
  }
  parts.push(exec)
  return { parts, owners }
}

export interface FailedUnit {
  readonly unit: PreparedUnit
  readonly reply: string
}

export type Verdict =
  /** All was done; where `failed` is not empty, but for these. */
  | { readonly kind: 'applied'; readonly failed: readonly FailedUnit[] }
  /** Nothing was done; the same frame can be sent again later. */
  | { readonly kind: 'refused'; readonly failure: Failure }
  /** Nothing was done, and never will be with these units in it. */
  | { readonly kind: 'unacceptable'; readonly units: readonly FailedUnit[] }
  /** Nothing was done, and it is not for the units' sake. */
  | { readonly kind: 'broken'; readonly failure: Failure }

/**
 * Reads the answers to a frame: one for MULTI, one for each command, one for EXEC. Every answer counts: an
 * EXEC that answers fewer results than were queued did nothing (up to 4.0 a replica answers none).
 */
export function judge({ owners }: Frame, replies: readonly Reply[], address: string): Verdict {
  const result = replies.at(-1)
  if (Array.isArray(result)) {
    const results = result as readonly Reply[]
    if (results.length !== owners.length)
      return { kind: 'refused', failure: makeFailure('target.read-only', { address }) }
    return { kind: 'applied', failed: failedUnits(owners, results) }
  }
  const queued = replies.slice(1, -1)
  const unacceptable: FailedUnit[] = []
  let refusal: Failure | null = null
  for (const [index, reply] of queued.entries()) {
    if (!(reply instanceof ReplyError)) continue
    const failure = classifyReplyError(reply.text, { address })
    const unit = unitAt(owners, index)
    if (failure.retryable) refusal ??= failure
    else if (unit === null) return { kind: 'broken', failure }
    else unacceptable.push({ unit, reply: reply.text })
  }
  if (refusal !== null) return { kind: 'refused', failure: refusal }
  if (unacceptable.length > 0) return { kind: 'unacceptable', units: unacceptable }
  if (result === null) return { kind: 'refused', failure: makeFailure('target.loading', { address }) }
  const failure = classifyReplyError(
    result instanceof ReplyError ? withoutAbort(result.text) : String(result),
    { address },
  )
  return failure.retryable ? { kind: 'refused', failure } : { kind: 'broken', failure }
}

function failedUnits(
  owners: readonly (PreparedUnit | null)[],
  results: readonly Reply[],
): readonly FailedUnit[] {
  const failed: FailedUnit[] = []
  for (const [index, reply] of results.entries()) {
    if (!(reply instanceof ReplyError)) continue
    const unit = unitAt(owners, index)
    if (unit === null) continue
    if (failed.at(-1)?.unit !== unit) failed.push({ unit, reply: reply.text })
  }
  return failed
}

/** The unit that a command belongs to; of a run the one that it is. */
function unitAt(owners: readonly (PreparedUnit | null)[], index: number): PreparedUnit | null {
  const owner = owners[index] ?? null
  return owner instanceof PlainRun ? owner.units[index - owners.indexOf(owner)]! : owner
}

/** From 7.0 on EXEC says why it was refused: `EXECABORT Transaction discarded because of: OOM …` (multi.c). */
function withoutAbort(text: string): string {
  const reason = 'EXECABORT Transaction discarded because of: '
  return text.startsWith(reason) ? text.slice(reason.length) : text
}
