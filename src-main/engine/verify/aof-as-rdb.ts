import { copyFile, mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fail, FailureError, makeFailure, toFailure } from '#contract/failure.ts'
import { createCrc64Arena } from '../bytes/crc64.ts'
import { AofSeries } from '../flow/aof-series.ts'
import type { AofPart } from '../flow/aof-survey.ts'
import { reportEveryMs } from '../flow/pace.ts'
import { RestoreMeter } from '../flow/restore-meter.ts'
import { everythingAsItIs } from '../plan/key-rules.ts'
import { parseInfo } from '../redis/info.ts'
import { OwnServer } from '../redis/own-server.ts'
import { asServerProgram, findServerProgram, type ServerProgram } from '../redis/server-program.ts'
import { ReplyError } from '../resp/decode.ts'
import type { Link } from '../resp/link.ts'
import { asWriteFailure } from '../source/disk-room.ts'
import type { LandedInput } from '../source/land-input.ts'
import { readingBytes } from '../source/rdb-file.ts'
import { makeTemporaryFolder } from '../source/temporary-folder.ts'

/** Append-only files in parts, with a manifest (7.0). */
const sinceMajor = 7
/** While it loads a large value a server answers nobody; it is given up when it is over, not for being silent. */
const silenceMs = 24 * 3_600_000
/** More than anybody has; what the commands name counts besides. */
const usualDbs = 1024
const folderName = 'appendonlydir'
const fileName = 'appendonly.aof'

export interface AsRdbOptions {
  /** The program that loads it; else one is looked for on this machine. */
  readonly program?: string | undefined
  /** Nothing written after this moment, milliseconds since the epoch. */
  readonly until?: number | undefined
  readonly progress: (bytesDone: number, bytesTotal: number) => void
  readonly signal: AbortSignal
}

/** What an append-only file means, as an RDB. Disposing of it removes the file. */
export interface MadeRdb extends AsyncDisposable {
  readonly path: string
}

/** Fails with `verify.no-server`. */
function serverProgramFor(program?: string): ServerProgram {
  const found = program === undefined ? findServerProgram(sinceMajor) : asServerProgram(program)
  if (found === null) return fail('verify.no-server', program === undefined ? {} : { program })
  if (found.major < sinceMajor) fail('verify.no-server', { program: `${found.path} ${found.version}` })
  return found
}

/**
 * Has a server of our own on this machine load an append-only file, which alone knows what the commands in it make,
 * and write what came of it as an RDB. The files themselves are only read. Fails with `file.*`, `aof.*`,
 * `verify.no-server`, `verify.not-loaded` or `job.cancelled`.
 */
export async function aofAsRdb(landed: LandedInput, options: AsRdbOptions): Promise<MadeRdb> {
  const { until, signal } = options
  const program = serverProgramFor(options.program)
  await using opened = await AofSeries.open([landed])
  const { parts, commands } = await opened.survey(
    { until },
    createCrc64Arena(readingBytes),
    everythingAsItIs,
    new RestoreMeter(opened.size, () => undefined),
    signal,
  )
  const folder = await makeTemporaryFolder(tmpdir(), 'keyferry-own-server-')
  try {
    await layOut(
      folder,
      parts.flatMap(({ survey }) => survey.parts),
    )
    const databases = Math.max(usualDbs, ...commands.dbs.map((db) => db + 1))
    const server = await OwnServer.start(program, folder, [
      `databases ${databases}`,
      'appendonly yes',
      `appenddirname ${folderName}`,
      `appendfilename ${fileName}`,
      'appendfsync no',
      'auto-aof-rewrite-percentage 0',
    ])
    try {
      await loadAndSave(server, { ...options, name: landed.name, program })
      await opened.assertUnchanged()
      await server.end()
      await rm(join(folder, folderName), { recursive: true, force: true })
      return {
        path: join(folder, 'dump.rdb'),
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      }
    } catch (thrown) {
      await server[Symbol.asyncDispose]()
      throw thrown
    }
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true })
    if (signal.aborted) throw new FailureError(makeFailure('job.cancelled'))
    throw asWriteFailure(thrown, folder)
  }
}

/**
 * The files as a server looks for them, up to where they are whole: whole ones by a link, cut ones as a copy. Behind
 * them stands an empty one of ours: the last is the one that a server writes to.
 */
async function layOut(folder: string, parts: readonly AofPart[]): Promise<void> {
  const place = join(folder, folderName)
  await mkdir(place)
  const names = [...parts.keys(), parts.length].map((at) => `${fileName}.${at + 1}.incr.aof`)
  for (const [at, { file, to }] of parts.entries()) {
    const path = join(place, names[at]!)
    if (to === file.size) await symlink(resolve(file.path), path)
    else {
      await copyFile(file.path, path)
      await truncate(path, to)
    }
  }
  await writeFile(join(place, names.at(-1)!), '')
  const manifest = names.map((name, at) => `file ${name} seq ${at + 1} type i\n`)
  await writeFile(join(place, `${fileName}.manifest`), manifest.join(''))
}

interface LoadParts extends Pick<AsRdbOptions, 'progress' | 'signal'> {
  readonly name: string
  readonly program: ServerProgram
}

async function loadAndSave(server: OwnServer, { progress, signal, name, program }: LoadParts): Promise<void> {
  const notLoaded = (reason: string): never =>
    fail('verify.not-loaded', { file: name, program: program.path, version: program.version, reason })
  const link = await server.open({ silenceMs, signal })
  if (link === null) return notLoaded(server.complaint)
  using _link: Disposable = { [Symbol.dispose]: () => link.close() }
  using _ending = link.endWith(signal)
  try {
    await untilLoaded(link, progress, signal)
    const saved = await link.call(['SAVE'])
    if (saved instanceof ReplyError) notLoaded(server.complaint || saved.text)
  } catch (thrown) {
    if (toFailure(thrown).code === 'connect.lost') notLoaded(server.complaint)
    throw thrown
  }
}

async function untilLoaded(
  link: Link,
  progress: AsRdbOptions['progress'],
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const info = parseInfo(String(await link.ask(['INFO', 'persistence'])))
    if (info.get('loading') !== '1') return
    progress(Number(info.get('loading_loaded_bytes')), Number(info.get('loading_total_bytes')))
    await sleep(reportEveryMs, undefined, { signal })
  }
}
