import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf } from '#contract/connection.ts'
import { fail, FailureError, makeFailure, toFailure } from '#contract/failure.ts'
import type { RestoreProgress, RestoreResult, RestoreSpec } from '#contract/restore.ts'
import { createCrc64Arena, type Crc64Arena } from '../bytes/crc64.ts'
import { composerBytes } from '../plan/compose.ts'
import { bigValueCommands } from '../plan/big-value-commands.ts'
import { makeConversion } from '../plan/conversion.ts'
import { makeDbMap, type DbMap } from '../plan/db-map.ts'
import { makeKeyFilter, type KeyFilter } from '../plan/filter.ts'
import { probeCapabilities, type Capabilities } from '../redis/capabilities.ts'
import { Link } from '../resp/link.ts'
import { RdbFile, readingBytes, walkRdbFile, type CheckedFile } from '../source/rdb-file.ts'
import { Block } from '../target/block.ts'
import {
  assertDatabases,
  ConflictFinder,
  countKeys,
  libraryNames,
  lookAtTarget,
  type TargetLook,
} from '../target/look.ts'
import { StandaloneTarget } from '../target/standalone.ts'
import { entryKind } from './entry.ts'
import { Ledger } from './ledger.ts'
import { Patience } from './patience.ts'
import { RestoreMeter } from './restore-meter.ts'
import { libraryName } from '../rdb/function-library.ts'
import { RestoreWriter } from './restore-writer.ts'
import { unpackedValue } from '../plan/compose.ts'

/** All blocks together; each connection has two, so many connections have small ones. */
const blocksBytes = 4 * 1024 * 1024
const largestBlock = 128 * 1024
/** Staged strings and a few commands must fit one. */
const smallestBlock = 96 * 1024

/**
 * What a server with an append-only file may lack after it was started anew, or a replica that took its place:
 * by `appendfsync everysec` two seconds, by `no` what Linux keeps unwritten, half a minute.
 */
const appendOnlyLossMs = 45_000
/** As long may the target be silent when it is asked who it is and what it has. */
const lookSilenceMs = 60_000
/** As long is tried to take what is unfinished from a target that the restore ends with. */
const tidyingMs = 3_000

/** What reading the whole file, before the first write, has told. */
interface Survey {
  readonly checked: CheckedFile
  readonly keys: number
  /** Type codes of the values that fit a window; the others go as commands anyway. */
  readonly types: readonly number[]
  readonly libraries: readonly string[]
  /** Databases of the target that something will be written to. */
  readonly targetDbs: readonly number[]
  /** Two databases of the file go into one: a key may be there twice. */
  readonly merges: boolean
}

/**
 * Restores an RDB file into one server. The file is read twice: once to vouch for it (nothing is written from a
 * file that is broken anywhere), once to write it. Survives a target that goes away and comes back.
 *
 * Fails with `file.*`, `connect.*`, `tls.*`, `auth.*`, `target.*` or `job.cancelled`; once writing has begun,
 * the failure's `written` and `total` tell how many keys are on the target.
 */
export async function runRestore(
  spec: RestoreSpec,
  report: (progress: RestoreProgress) => void,
  signal: AbortSignal,
): Promise<RestoreResult> {
  await using file = await RdbFile.open(spec.file)
  const meter = new RestoreMeter(file.size, report)
  const blockCount = spec.connections * 2 + 1
  const blockBytes = Math.max(smallestBlock, Math.min(largestBlock, Math.floor(blocksBytes / blockCount)))
  const arena = createCrc64Arena(readingBytes + composerBytes + blockCount * blockBytes)
  const blocks = Array.from(
    { length: blockCount },
    (_, index) => new Block(arena.memory, readingBytes + composerBytes + index * blockBytes, blockBytes),
  )

  const filter = makeKeyFilter(spec.include, spec.exclude)
  const dbMap = makeDbMap(spec)
  meter.enter('checking')
  const survey = await surveyFile(file, arena, dbMap, meter, signal)
  const checkMs = meter.elapsedMs

  meter.enter('looking', survey.keys)
  const { look, capabilities, empty } = await lookBeforeWriting(
    spec,
    { file, arena, survey, filter, dbMap, meter },
    signal,
  )
  await file.assertUnchanged()

  const run = randomBytes(4).toString('hex')
  const ledger = new Ledger({ offset: 0, sourceDb: 0 })
  const writer = new RestoreWriter({
    file,
    header: survey.checked.header,
    arena,
    composerOffset: readingBytes,
    ledger,
    plan: {
      address: addressOf(spec.target),
      onConflict: spec.onConflict,
      targetWasEmpty: empty && !survey.merges,
      filter,
      dbMap,
      functions: spec.include.length === 0,
      restoreOptions: capabilities,
      conversion: makeConversion(survey.types, survey.checked.header.flavour, capabilities),
      bigValues: bigValueCommands(look, capabilities),
      clockAheadMs: look.clockAheadMs,
      expiryShiftMs: 0,
      temporaryPrefix: `keyferry:tmp:${run}`,
    },
    onAdvance: () => meter.advance(ledger.position.offset, ledger.counts),
  })
  meter.enter('writing', survey.keys)
  const reconnects = await writeToTheEnd(
    spec,
    { look, ledger, writer, blocks, meter, run, total: survey.keys },
    signal,
  )
  meter.advance(file.size, ledger.counts)
  meter.enter('finishing')

  const counts = ledger.counts
  const cpu = process.cpuUsage()
  return {
    file: file.path,
    target: addressOf(spec.target),
    bytes: file.size,
    keys: survey.keys,
    keysWritten: counts.written,
    keysSkipped: counts.skipped,
    keysFiltered: counts.filtered,
    keysExpired: counts.expired,
    keysFailed: counts.failed,
    functions: counts.functions,
    examples: writer.examples,
    checkMs: Math.round(checkMs),
    writeMs: Math.round(meter.elapsedMs - checkMs),
    elapsedMs: Math.round(meter.elapsedMs),
    reconnects,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  }
}

async function surveyFile(
  file: RdbFile,
  arena: Crc64Arena,
  dbMap: DbMap,
  meter: RestoreMeter,
  signal: AbortSignal,
): Promise<Survey> {
  let keys = 0
  let lastDb = -1
  const seen = new Uint8Array(256)
  const libraries: string[] = []
  const dbs = new Set<number>()
  const checked = await walkRdbFile(
    file,
    arena,
    {
      batch(batch) {
        for (let index = 0; index < batch.count; index += 1) {
          if (batch.kind[index] === entryKind.FUNCTION) {
            libraries.push(libraryName(unpackedValue(batch, index)))
            continue
          }
          keys += 1
          seen[batch.type[index]!] = 1
          if (batch.db[index] !== lastDb) dbs.add((lastDb = batch.db[index]!))
        }
      },
      big(entry) {
        keys += 1
        dbs.add(entry.db)
      },
      progress: (bytesDone) => meter.advance(bytesDone),
    },
    signal,
  )
  const targetDbs = [...new Set([...dbs].map(dbMap))].sort((a, b) => a - b)
  return {
    checked,
    keys,
    types: [...seen.keys()].filter((code) => seen[code] === 1),
    libraries,
    targetDbs,
    merges: targetDbs.length < dbs.size,
  }
}

interface LookParts {
  readonly file: RdbFile
  readonly arena: Crc64Arena
  readonly survey: Survey
  readonly filter: KeyFilter | null
  readonly dbMap: DbMap
  readonly meter: RestoreMeter
}

/** Looks before the first write: who the target is, whether it can take this, and what it has already. */
async function lookBeforeWriting(
  spec: RestoreSpec,
  parts: LookParts,
  signal: AbortSignal,
): Promise<{ look: TargetLook; capabilities: Capabilities; empty: boolean }> {
  const { survey } = parts
  const address = addressOf(spec.target)
  using link = await openLook(spec, signal)
  using _ending = link.endWith(signal)
  const look = await lookAtTarget(link)
  if (look.role === 'replica') fail('target.read-only', { address })
  if (look.mode === 'cluster') fail('target.cluster', { address })
  // A selection of keys says nothing of functions: they go along only with everything.
  const ourLibraries = spec.include.length === 0 ? survey.libraries : []
  const count = ourLibraries.length
  if (count > 0 && look.versionNumber < 700)
    fail('target.cannot-hold', { address, type: 'function', count, version: look.version })
  await assertDatabases(link, survey.targetDbs)
  const present = await countKeys(link, survey.targetDbs)
  if (spec.onConflict === 'fail') await assertNothingTaken(link, look, ourLibraries, present, parts, signal)
  // The last thing to do, because it writes: a restore that is refused has written nothing.
  return { look, capabilities: await probeCapabilities(link, look), empty: present === 0 }
}

/** Fails with `target.not-empty` where the target, with `present` keys, has any that would be written. */
async function assertNothingTaken(
  link: Link,
  look: TargetLook,
  ourLibraries: readonly string[],
  present: number,
  { file, arena, filter, dbMap, meter }: LookParts,
  signal: AbortSignal,
): Promise<void> {
  const { address } = link
  const finder = new ConflictFinder(link, look)
  if (present > 0) {
    await walkRdbFile(
      file,
      arena,
      {
        async batch(batch) {
          for (let index = 0; index < batch.count; index += 1) {
            const key = batch.key(index)
            if (batch.kind[index] !== entryKind.KEY || (filter !== null && !filter(key))) continue
            const answers = finder.add(dbMap(batch.db[index]!), key)
            if (answers !== undefined) await answers
          }
        },
        async big(entry) {
          if (filter === null || filter(entry.key)) await finder.add(dbMap(entry.db), entry.key)
        },
        progress: (bytesDone) => meter.advance(bytesDone),
      },
      signal,
    )
    await finder.finish()
  }
  const taken = ourLibraries.length > 0 ? await libraryNames(link) : new Set<string>()
  const libraries = ourLibraries.filter((name) => taken.has(name))
  const found = finder.found + libraries.length
  if (found > 0) {
    const examples = [...finder.examples.map(({ key }) => key), ...libraries]
    fail('target.not-empty', { address, keys: found, examples: examples.slice(0, 5).join(', ') })
  }
}

interface Writing {
  readonly look: TargetLook
  readonly ledger: Ledger
  readonly writer: RestoreWriter
  readonly blocks: readonly Block[]
  readonly meter: RestoreMeter
  readonly run: string
  readonly total: number
}

function openLook({ target }: RestoreSpec, signal?: AbortSignal): Promise<Link> {
  return Link.open(target, { signal, silenceMs: lookSilenceMs, name: 'keyferry:look' })
}

/** Writes, and when the target goes away waits for it and goes on. Gives the number of times that happened. */
async function writeToTheEnd(spec: RestoreSpec, writing: Writing, signal: AbortSignal): Promise<number> {
  const { ledger, writer, blocks, meter, run, total } = writing
  const name = `keyferry:restore:${run}`
  const patience = new Patience()
  let last: Connected = { runId: writing.look.runId, clientIds: [] }
  let failures = 0
  let reconnects = 0
  for (;;) {
    try {
      signal.throwIfAborted()
      using target = await StandaloneTarget.open(spec.target, {
        connections: spec.connections,
        name,
        signal,
        blocks,
        onAnswered: writer.answered,
      })
      if (failures > 0) {
        // Looked at once the connections stand: a server started anew after that is one that loses them.
        last = { ...last, runId: await comeBack(spec, last, { ledger, writer }, signal) }
        reconnects += 1
        meter.enter('writing')
      }
      last = { ...last, clientIds: target.clientIds }
      await writer.run(target, signal)
      if (!signal.aborted) return reconnects
      fail('job.cancelled')
    } catch (thrown) {
      failures += 1
      const failure = signal.aborted ? makeFailure('job.cancelled') : toFailure(thrown)
      const params = {
        ...failure.params,
        address: addressOf(spec.target),
        written: ledger.counts.written,
        total,
      }
      const pauseMs = patience.pauseMs(failure, ledger.position.offset, performance.now())
      if (pauseMs === null) {
        await removeUnfinished(spec, writer, last)
        throw new FailureError({ ...failure, params })
      }
      meter.wait({ ...failure, params })
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }
}

/** The server that was written to last: which start of it, and its own numbers of our connections. */
interface Connected {
  readonly runId: string | null
  readonly clientIds: readonly (number | bigint)[]
}

/**
 * The target is there again: ends what is left of our old connections, so that nothing they still carry can be
 * applied late, and finds out what it may have lost. Gives its run id.
 */
async function comeBack(
  spec: RestoreSpec,
  last: Connected,
  { ledger, writer }: Pick<Writing, 'ledger' | 'writer'>,
  signal: AbortSignal,
): Promise<string | null> {
  using link = await openLook(spec, signal)
  using _ending = link.endWith(signal)
  const { runId, appendOnly } = await lookAtTarget(link)
  if (runId !== null && runId === last.runId) await endConnections(link, last)
  // Started anew: with an append-only file it has all but the last moments, else nobody knows what.
  else ledger.goBack(appendOnly ? appendOnlyLossMs : Infinity)
  await writer.removeUnfinished(link)
  return runId
}

async function endConnections(link: Link, { clientIds }: Connected): Promise<void> {
  for (const id of clientIds) await link.call(['CLIENT', 'KILL', 'ID', id])
}

/** At the end of a restore that failed or was cancelled, as far as the target lets us. */
async function removeUnfinished(spec: RestoreSpec, writer: RestoreWriter, last: Connected): Promise<void> {
  if (writer.unfinished === null) return
  try {
    using link = await Link.open(spec.target, {
      timeoutMs: tidyingMs,
      silenceMs: tidyingMs,
      name: 'keyferry:look',
    })
    await endConnections(link, last)
    await writer.removeUnfinished(link)
  } catch (thrown) {
    // What is told is why the restore ended, not this.
    if (!(thrown instanceof FailureError)) throw thrown
  }
}
