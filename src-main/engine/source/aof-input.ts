import { open, readdir, readFile, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fail } from '#contract/failure.ts'
import { parseManifest, type AofManifest } from '../aof/manifest.ts'
import { AofReader, type AofReaderOptions } from '../aof/reader.ts'
import { whatItIs } from './what-it-is.ts'

/** One file of an append-only file, kept open so that what was checked is what is applied. */
export class AofFile implements AsyncDisposable {
  readonly path: string
  readonly size: number
  /** Where it begins in the whole: the files of a manifest, and of inputs in a row, are counted as if they were one. */
  readonly start: number
  /** It begins with an RDB: a preamble (4.0), or the base that a rewrite left (7.0). */
  readonly beginsWithRdb: boolean
  readonly #handle: FileHandle
  readonly #modifiedMs: number

  private constructor(
    path: string,
    start: number,
    handle: FileHandle,
    facts: { size: number; modifiedMs: number; beginsWithRdb: boolean },
  ) {
    this.path = path
    this.start = start
    this.size = facts.size
    this.beginsWithRdb = facts.beginsWithRdb
    this.#handle = handle
    this.#modifiedMs = facts.modifiedMs
  }

  static async open(path: string, start: number): Promise<AofFile> {
    const handle = await open(path, 'r').catch((thrown: NodeJS.ErrnoException) =>
      fail('file.not-readable', { file: path, reason: thrown.code ?? '' }),
    )
    try {
      const { size, mtimeMs } = await handle.stat()
      const head = Buffer.alloc(6)
      await handle.read(head, 0, head.length, 0)
      // As aof.c tells it, `loadSingleAppendOnlyFile`.
      const beginsWithRdb = /^(?:REDIS0|VALKEY)/.test(head.toString('latin1'))
      return new AofFile(path, start, handle, { size, modifiedMs: mtimeMs, beginsWithRdb })
    } catch (thrown) {
      await handle.close()
      throw thrown
    }
  }

  /** The offset of the byte behind its last in the whole input. */
  get end(): number {
    return this.start + this.size
  }

  /** A reader of its commands between two offsets of this file. */
  reader(start: number, end: number, onBytes?: AofReaderOptions['onBytes']): AofReader {
    return new AofReader({
      path: this.path,
      read: (buffer, at, length, position) => this.read(buffer, at, length, position),
      start,
      end,
      ...(onBytes === undefined ? {} : { onBytes }),
    })
  }

  /** Reads up to `length` bytes from `position` of this file. Fails with `file.not-readable`. */
  async read(buffer: Buffer, at: number, length: number, position: number): Promise<number> {
    try {
      return (await this.#handle.read(buffer, at, length, position)).bytesRead
    } catch (thrown) {
      return fail('file.not-readable', {
        file: this.path,
        reason: (thrown as NodeJS.ErrnoException).code ?? '',
      })
    }
  }

  /** Fails with `file.changed` when the file is no longer the one that was opened. */
  async assertUnchanged(): Promise<void> {
    const { size, mtimeMs } = await this.#handle.stat()
    if (size !== this.size || mtimeMs !== this.#modifiedMs) fail('file.changed', { file: this.path })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}

/** An append-only file of one or many files, in the order a server loads them. */
export class AofInput implements AsyncDisposable {
  /** As it was named. */
  readonly name: string
  readonly files: readonly AofFile[]
  /** Files the manifest lists as replaced: not read. */
  readonly history: readonly string[]

  constructor(name: string, files: readonly AofFile[], history: readonly string[]) {
    this.name = name
    this.files = files
    this.history = history
  }

  get size(): number {
    return this.files.reduce((sum, { size }) => sum + size, 0)
  }

  /** Where it begins, where inputs are counted as if they were one. */
  get start(): number {
    return this.files[0]!.start
  }

  /** The offset of the byte behind its last. */
  get end(): number {
    return this.files.at(-1)!.end
  }

  async assertUnchanged(): Promise<void> {
    for (const file of this.files) await file.assertUnchanged()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.files.map((file) => file[Symbol.asyncDispose]()))
  }
}

/**
 * Opens an append-only file: one file, a manifest, or the folder a manifest lies in (or the data folder around
 * that). Null where the path leads to something else. Offsets are counted from `start`. Fails with `file.*` or
 * `aof.*`.
 */
export async function openAofInput(path: string, name = path, start = 0): Promise<AofInput | null> {
  switch (await whatItIs(path)) {
    case 'aof':
      return await openFiles(name, [path], [], start)
    case 'manifest':
      return await openManifest(name, path, start)
    case 'folder':
      return await openManifest(name, await findManifest(path), start)
    default:
      return null
  }
}

/** Opens an RDB file as an append-only file in which nothing follows its RDB. Fails with `file.*`. */
export async function openWithoutCommands(path: string, name: string, start: number): Promise<AofInput> {
  return await openFiles(name, [path], [], start)
}

async function openManifest(named: string, path: string, start: number): Promise<AofInput> {
  const manifest = parseManifest(await readText(path), path)
  const folder = dirname(path)
  const base = manifest.base === null ? [] : [await findBase(folder, path, manifest, manifest.base)]
  const files = [...base, ...manifest.increments.map((name) => join(folder, name))]
  for (const file of files)
    if (!(await isFile(file))) fail('aof.file-missing', { file: basename(file), manifest: path })
  return await openFiles(named, files, manifest.history, start)
}

async function openFiles(
  named: string,
  paths: readonly string[],
  history: readonly string[],
  start: number,
): Promise<AofInput> {
  const files: AofFile[] = []
  try {
    for (const path of paths) files.push(await AofFile.open(path, files.at(-1)?.end ?? start))
    if (files.every(({ size }) => size === 0)) fail('file.empty', { file: named })
    return new AofInput(named, files, history)
  } catch (thrown) {
    for (const file of files) await file[Symbol.asyncDispose]()
    throw thrown
  }
}

/**
 * An upgrade to 7.0 that was interrupted has written the manifest, but not yet moved the one old file, which bears
 * the manifest's name, into its folder (aof.c, `aofUpgradePrepare`).
 */
async function findBase(
  folder: string,
  manifestPath: string,
  { increments }: AofManifest,
  base: string,
): Promise<string> {
  const path = join(folder, base)
  const old = join(dirname(folder), base)
  const interrupted = increments.length === 0 && basename(manifestPath) === `${base}.manifest`
  return interrupted && !(await isFile(path)) && (await isFile(old)) ? old : path
}

/** Fails with `aof.no-manifest` or `aof.several-manifests`. */
async function findManifest(folder: string): Promise<string> {
  for (const place of [folder, join(folder, 'appendonlydir')]) {
    const names = await readdir(place).catch(() => [])
    const found = names.filter((name) => name.endsWith('.manifest') && !name.startsWith('temp-')).sort()
    if (found.length > 1) fail('aof.several-manifests', { folder: place, names: found.join(', ') })
    if (found.length === 1) return join(place, found[0]!)
  }
  return fail('aof.no-manifest', { folder })
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1')
  } catch (thrown) {
    return fail('file.not-readable', { file: path, reason: (thrown as NodeJS.ErrnoException).code ?? '' })
  }
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
