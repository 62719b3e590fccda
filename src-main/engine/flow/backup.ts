import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { addressOf, type Connection } from '#contract/connection.ts'
import type { BackupProgress, BackupResult, BackupSpec, MadeBackup } from '#contract/backup.ts'
import { fail, FailureError, toFailure } from '#contract/failure.ts'
import { openAofInput } from '../source/aof-input.ts'
import { makeBackup } from '../source/backup-maker.ts'
import { LandingFile } from '../source/landing-file.ts'
import { openSourceFiles, type SourceFiles } from '../source/near-files.ts'
import { askPlaces, assertKeepsAof, type SavedPlaces } from '../source/saved-files.ts'
import { DumpBoard } from './dump-board.ts'
import { allOrNone, fileNameOf, findSources, openQuestions } from './sources.ts'
import { landRdb, makeFolder, underItsName, type NoteProgress } from './whole-file.ts'

/** As often is an append-only file copied again that was rewritten meanwhile. */
const mostCopies = 5
/** Some file systems note whole seconds, or two. */
const clockGrainMs = 2_000

interface Fetching {
  readonly address: string
  readonly spec: BackupSpec
  readonly note: NoteProgress
  readonly signal: AbortSignal
}

/**
 * Has every source save, all at the same time, and fetches what they saved: from this machine, or over SFTP from the
 * last hop of a source's tunnel. What lies elsewhere is told. Fails with `backup.*`, `file.*`, or what connecting
 * fails with.
 */
export async function runBackup(
  spec: BackupSpec,
  report: (progress: BackupProgress) => void,
  signal: AbortSignal,
): Promise<BackupResult> {
  const startedAt = performance.now()
  const sources = await findSources(spec.sources, signal)
  await makeFolder(spec.folder)
  const board = new DumpBoard(
    sources.map(({ connection }) => addressOf(connection)),
    report,
  )
  using _telling = board.tellRegularly()
  const ending = new AbortController()
  const either = AbortSignal.any([signal, ending.signal])
  const backups = await allOrNone(
    sources.map(({ connection }, index) => {
      const address = addressOf(connection)
      return backUp(connection, { address, spec, note: board.noteOf(index), signal: either })
    }),
    ending,
  )
  return { backups, elapsedMs: Math.round(performance.now() - startedAt) }
}

async function backUp(connection: Connection, fetching: Fetching): Promise<MadeBackup> {
  const { address, spec, note, signal } = fetching
  note('handshake', 0, null)
  using link = await openQuestions(connection, signal)
  using _ending = link.endWith(signal)
  if (spec.kind === 'aof') await assertKeepsAof(link)
  const places = await askPlaces(link)
  note('waiting', 0, null)
  const begunAtMs = Date.now()
  await makeBackup(link, spec.kind, signal)
  const madeAt = places?.[spec.kind] ?? null
  const elsewhere = { address, madeAt, file: null, bytes: 0, keys: null }
  using files = places === null ? null : await openSourceFiles(connection, signal)
  if (places === null || files === null || !(await isThere(files, places[spec.kind], begunAtMs))) {
    note('done', 0, 0)
    return elsewhere
  }
  const name = join(spec.folder, fileNameOf(connection))
  return spec.kind === 'rdb'
    ? { address, madeAt, ...(await fetchRdb(files, places.rdb, `${name}.rdb`, fetching)) }
    : { address, madeAt, ...(await fetchAof(files, places, name, fetching)) }
}

/** A server in a container has its own paths: what is not there, or was not written just now, lies elsewhere. */
async function isThere(files: SourceFiles, path: string, begunAtMs: number): Promise<boolean> {
  try {
    const { mtimeMs } = await files.stat(path)
    return !files.isHere || mtimeMs >= begunAtMs - clockGrainMs
  } catch (thrown) {
    if (thrown instanceof FailureError) throw thrown
    return false
  }
}

async function fetchRdb(
  files: SourceFiles,
  from: string,
  file: string,
  fetching: Fetching,
): Promise<Pick<MadeBackup, 'file' | 'bytes' | 'keys'>> {
  const { spec, note, signal } = fetching
  const { bytes, keys } = await landRdb(
    file,
    spec.force,
    (landing) => copy(files, from, landing, fetching),
    note,
    signal,
  )
  return { file, bytes, keys }
}

async function fetchAof(
  files: SourceFiles,
  { aof, isMultiPart }: SavedPlaces,
  name: string,
  fetching: Fetching,
): Promise<Pick<MadeBackup, 'file' | 'bytes' | 'keys'>> {
  const { spec, note } = fetching
  const file = isMultiPart ? `${name}-aof` : `${name}.aof`
  const bytes = await underItsName(file, spec.force, async (part) => {
    const size = isMultiPart
      ? await copyFolder(files, aof, part, fetching)
      : await copyFile(files, aof, part, fetching)
    note('checking', size, size)
    const opened = await openAofInput(part, file)
    await opened?.[Symbol.asyncDispose]()
    if (opened === null) fail('file.not-rdb', { file })
    note('done', size, size)
    return size
  })
  return { file, bytes, keys: null }
}

/** The files of a folder with a manifest. Where the server has begun others meanwhile, once more. */
async function copyFolder(files: SourceFiles, from: string, to: string, fetching: Fetching): Promise<number> {
  for (let turn = 1; ; turn += 1) {
    await rm(to, { recursive: true, force: true })
    await makeFolder(to)
    const names = await namesIn(files, from)
    try {
      let bytes = 0
      for (const name of names) bytes += await copyFile(files, `${from}/${name}`, join(to, name), fetching)
      if ((await namesIn(files, from)).join('/') === names.join('/')) return bytes
      if (turn === mostCopies) fail('backup.not-made', { address: fetching.address, command: 'BGREWRITEAOF' })
    } catch (thrown) {
      // Its files have numbers for names: one that is gone has a successor.
      if (toFailure(thrown).code !== 'file.not-readable' || turn === mostCopies) throw thrown
    }
  }
}

async function namesIn(files: SourceFiles, folder: string): Promise<readonly string[]> {
  const names = await files.list(folder)
  return names.filter((name) => !name.startsWith('temp')).sort()
}

async function copyFile(files: SourceFiles, from: string, to: string, fetching: Fetching): Promise<number> {
  await using landing = await LandingFile.create(to)
  await copy(files, from, landing, fetching)
  await landing.sync()
  return landing.bytes
}

/** As much as is there now: an append-only file goes on growing. */
async function copy(
  files: SourceFiles,
  from: string,
  landing: LandingFile,
  { note, signal }: Fetching,
): Promise<void> {
  try {
    const { size } = await files.stat(from)
    await landing.expect(size)
    note('fetching', 0, size)
    if (size === 0) return
    for await (const chunk of files.read(from, size)) {
      if (signal.aborted) fail('job.cancelled')
      await landing.write(chunk)
      note('fetching', landing.bytes, size)
    }
  } catch (thrown) {
    if (thrown instanceof FailureError) throw thrown
    fail('file.not-readable', { file: from, reason: String((thrown as { code?: unknown }).code ?? '') })
  }
}
