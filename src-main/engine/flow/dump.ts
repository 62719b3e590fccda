import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { addressOf, nodeConnection, type Connection } from '#contract/connection.ts'
import type { DumpedFile, DumpPhase, DumpProgress, DumpResult, DumpSpec } from '#contract/dump.ts'
import { fail } from '#contract/failure.ts'
import { createCrc64Arena } from '../bytes/crc64.ts'
import { resolve } from '../redis/dial.ts'
import { parseInfo, type Info } from '../redis/info.ts'
import { identityOf } from '../redis/probe.ts'
import { mastersOf, readTopology } from '../redis/topology.ts'
import { ReplyError } from '../resp/decode.ts'
import { Link } from '../resp/link.ts'
import { asWriteFailure } from '../source/disk-room.ts'
import { LandingFile } from '../source/landing-file.ts'
import { syncFolder } from '../source/lineage.ts'
import { pullSnapshot, type SourceKind } from '../source/pull-snapshot.ts'
import { RdbFile, readingBytes, walkRdbFile } from '../source/rdb-file.ts'
import { DumpBoard } from './dump-board.ts'
import { entryKind } from './entry.ts'

/** A server to pull from, and the file its snapshot becomes. */
interface Pull {
  readonly connection: Connection
  readonly kind: SourceKind
  readonly path: string
}

/**
 * Pulls a snapshot from each source, all at the same time so that they are of about the same moment. A file bears
 * its name only when it is whole: received to its end, read through, and on the disk. Fails with what
 * `pullSnapshot` fails with, `file.*`, or `usage.invalid`; what was received by then is removed, except for files
 * that were whole.
 */
export async function runDump(
  spec: DumpSpec,
  report: (progress: DumpProgress) => void,
  signal: AbortSignal,
): Promise<DumpResult> {
  const startedAt = performance.now()
  const found = await Promise.all(spec.sources.map((source) => mastersBehind(source, signal)))
  const pulls = placed(found.flat(), spec)
  if (spec.intoFolder) await makeFolder(spec.to)
  const board = new DumpBoard(
    pulls.map(({ connection }) => addressOf(connection)),
    report,
  )
  using _telling = board.tellRegularly()
  // Where one fails nobody wants the others: they are ended, and awaited.
  const ending = new AbortController()
  const either = AbortSignal.any([signal, ending.signal])
  const files = await allOrNone(
    pulls.map((pull, index) => dumpOne(pull, spec.force, (...now) => board.note(index, ...now), either)),
    ending,
  )
  return {
    files,
    bytes: sum(files.map(({ bytes }) => bytes)),
    keys: sum(files.map(({ keys }) => keys)),
    elapsedMs: Math.round(performance.now() - startedAt),
  }
}

/** The server itself, or all masters of its cluster. */
async function mastersBehind(
  source: Connection,
  signal: AbortSignal,
): Promise<readonly Omit<Pull, 'path'>[]> {
  const connection = await resolve(source, { signal })
  using link = await Link.open(connection, { signal, silenceMs: 30_000, name: 'keyferry:look' })
  const info = await readInfo(link)
  const kind = kindOf(info)
  if (identityOf(info).mode !== 'cluster') return [{ connection, kind }]
  const masters = mastersOf(await readTopology(link, connection)).filter(({ slots }) => slots.length > 0)
  return masters.map(({ host, port }) => ({ connection: nodeConnection(connection, host, port), kind }))
}

/** What a user may not ask is not known; most can be done without. */
async function readInfo(link: Link): Promise<Info> {
  const reply = await link.call(['INFO'])
  return parseInfo(reply instanceof ReplyError ? '' : String(reply))
}

function kindOf(info: Info): SourceKind {
  const { flavour, version } = identityOf(info)
  return { flavour, version }
}

function placed(
  found: readonly Omit<Pull, 'path'>[],
  { to, intoFolder }: Pick<DumpSpec, 'to' | 'intoFolder'>,
): readonly Pull[] {
  if (!intoFolder && found.length > 1)
    fail('usage.invalid', {
      field: '--output',
      reason: `there are ${found.length} sources: name a folder (ending in /) for a file of each`,
    })
  return found.map((one) => ({ ...one, path: intoFolder ? join(to, fileNameOf(one.connection)) : to }))
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (thrown) {
    throw asWriteFailure(thrown, folder)
  }
}

/** `10.0.0.1-6379.rdb` */
function fileNameOf(connection: Connection): string {
  return `${addressOf(connection)
    .replace(/[[\]]/g, '')
    .replace(/[^\w.]/g, '-')}.rdb`
}

async function dumpOne(
  { connection, kind, path }: Pull,
  force: boolean,
  note: (phase: DumpPhase, bytesDone: number, bytesTotal: number | null) => void,
  signal: AbortSignal,
): Promise<DumpedFile> {
  const part = `${path}.part`
  const assertFree = (file: string): void => {
    if (!force && existsSync(file)) fail('file.exists', { file })
  }
  assertFree(path)
  assertFree(part)
  if (force) await rm(part, { force: true })
  try {
    {
      await using file = await LandingFile.create(part)
      await pullSnapshot(connection, file, { source: kind, signal, onProgress: note })
      await file.sync()
    }
    const told = await check(part, path, note, signal)
    assertFree(path)
    await rename(part, path)
    await syncFolder(dirname(path))
    return { address: addressOf(connection), file: path, ...told }
  } catch (thrown) {
    await rm(part, { force: true })
    throw thrown
  }
}

/** Reads what was received from end to end. */
async function check(
  part: string,
  name: string,
  note: (phase: DumpPhase, bytesDone: number, bytesTotal: number | null) => void,
  signal: AbortSignal,
): Promise<Omit<DumpedFile, 'address' | 'file'>> {
  await using file = await RdbFile.open(part, name)
  let keys = 0
  const { header, checksum } = await walkRdbFile(
    file,
    createCrc64Arena(readingBytes),
    {
      batch(batch) {
        for (let index = 0; index < batch.count; index += 1)
          if (batch.kind[index] === entryKind.KEY) keys += 1
      },
      big: () => void (keys += 1),
      progress: (bytesDone) => note('checking', bytesDone, file.size),
    },
    signal,
  )
  note('done', file.size, file.size)
  return { bytes: file.size, keys, flavour: header.flavour, rdbVersion: header.version, checksum }
}

/** Awaits all of them, whatever happens; the first failure ends the others. */
async function allOrNone<T>(works: readonly Promise<T>[], ending: AbortController): Promise<readonly T[]> {
  let first: unknown
  const results = await Promise.allSettled(
    works.map((work) =>
      work.catch((thrown: unknown) => {
        first ??= thrown
        ending.abort()
        throw thrown
      }),
    ),
  )
  if (first !== undefined) throw first
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
