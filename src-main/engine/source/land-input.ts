import { createReadStream, existsSync, fstatSync, type ReadStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isatty } from 'node:tty'
import { createGunzip } from 'node:zlib'
import { fail, FailureError, makeFailure, type Failure } from '#contract/failure.ts'
import { isUrlInput, nameInput, stdinInput } from '#contract/input-name.ts'
import { asWriteFailure } from './disk-room.ts'
import { LandingFile } from './landing-file.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'
import { whatItIs } from './what-it-is.ts'

/** An input as it lies on this machine. Disposing of it removes what was landed for it. */
export interface LandedInput extends AsyncDisposable {
  /** As `nameInput` says it: never the path of a landed copy. */
  readonly name: string
  readonly path: string
  readonly kind: 'rdb' | 'aof' | 'manifest' | 'folder'
  /** Its copy stays. */
  readonly kept: boolean
}

export interface LandingOptions {
  readonly signal: AbortSignal
  /** The folder where what is landed stays under its own name; else it is landed among the system's temporary files. */
  readonly keepIn?: string | undefined
  /** So many bytes have landed by now, of so many where that is known. */
  readonly onProgress: (bytesDone: number, bytesTotal: number | null) => void
  /** A download broke off, and will be tried again. */
  readonly onWait: (failure: Failure) => void
}

/**
 * Makes an input a file on this machine: a URL is downloaded, standard input and what gzip has packed are written
 * out, everything else is left where it lies. Fails with `file.*`, `fetch.*`, `connect.*` or `job.cancelled`.
 */
export async function landInput(input: string, options: LandingOptions): Promise<LandedInput> {
  const name = nameInput(input)
  const landing = new Landing(input, options)
  try {
    let path = input
    if (isUrlInput(input)) path = await landing.fetch(input)
    else if (input === stdinInput) path = await landing.copyStdin()
    let kind = await whatItIs(path)
    if (kind === 'gzip') {
      path = await landing.unpack(path)
      kind = await whatItIs(path)
    }
    if (kind === 'empty') return fail('file.empty', { file: name })
    if (kind === 'packed' || kind === 'gzip') return fail('file.packed', { file: name })
    if (kind === 'unknown') return fail('file.not-rdb', { file: name })
    const keptAt = path === input ? null : await landing.keep(path)
    return {
      name,
      path: keptAt ?? path,
      kind,
      kept: keptAt !== null,
      [Symbol.asyncDispose]: () => landing.remove(),
    }
  } catch (thrown) {
    await landing.remove()
    throw thrown
  }
}

/** What is landed for one input, in a folder of its own that is made when it is needed. */
class Landing {
  readonly #input: string
  readonly #options: LandingOptions
  #folder: string | null = null

  constructor(input: string, options: LandingOptions) {
    this.#input = input
    this.#options = options
  }

  async fetch(url: string): Promise<string> {
    if (!URL.canParse(url)) fail('usage.not-a-url')
    await using file = await this.#create('fetched')
    // Loaded by who needs it: what Node has of HTTP takes longer to load than a restore's own parts.
    const { download } = await import('./download.ts')
    await download(url, file, this.#options)
    return file.path
  }

  async copyStdin(): Promise<string> {
    return await this.#pour('stdin', openStdin(), null)
  }

  /** Unpacks, and removes the packed one where that was landed too. */
  async unpack(packed: string): Promise<string> {
    const path = await this.#pour('unpacked', createReadStream(packed), (await stat(packed)).size)
    if (packed !== this.#input) await rm(packed)
    return path
  }

  /** Gives what was landed its name in the folder where it is to stay. Null where there is none. */
  async keep(path: string): Promise<string | null> {
    const kept = this.#keptPath()
    if (kept === null) return null
    await rename(path, kept)
    await this.remove()
    return kept
  }

  async remove(): Promise<void> {
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true })
  }

  #keptPath(): string | null {
    const { keepIn } = this.#options
    if (keepIn === undefined) return null
    const name = basename(nameInput(this.#input)).replace(/\.gz$/i, '')
    const path = join(keepIn, /^[\w.%+-]*\w$/.test(name) && name !== '' ? name : 'backup')
    if (existsSync(path)) fail('file.exists', { file: path })
    return path
  }

  /** Writes a stream out; where `packedBytes` are told, unpacked. */
  async #pour(name: string, source: ReadStream | Socket, packedBytes: number | null): Promise<string> {
    const { signal, onProgress } = this.#options
    await using file = await this.#create(name)
    const land = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const chunk of chunks) {
        await file.write(chunk)
        onProgress(source.bytesRead, packedBytes)
      }
    }
    try {
      if (packedBytes === null) await pipeline(source, land, { signal })
      else await pipeline(source, createGunzip(), land, { signal })
      return file.path
    } catch (thrown) {
      if (signal.aborted) return fail('job.cancelled')
      throw this.#namePacked(thrown)
    }
  }

  #namePacked(thrown: unknown): unknown {
    const { code = '' } = thrown as NodeJS.ErrnoException
    const file = nameInput(this.#input)
    if (code === 'Z_BUF_ERROR') return new FailureError(makeFailure('file.truncated', { file }))
    return code.startsWith('Z_')
      ? new FailureError(makeFailure('file.corrupt', { file, reason: code }))
      : thrown
  }

  async #create(name: string): Promise<LandingFile> {
    this.#keptPath()
    const folder = this.#options.keepIn ?? tmpdir()
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      this.#folder ??= await makeTemporaryFolder(folder, 'keyferry-input-')
    } catch (thrown) {
      throw asWriteFailure(thrown, folder)
    }
    return await LandingFile.create(join(this.#folder, name))
  }
}

/** Standard input of this process: from a worker thread it is there by its number only. */
function openStdin(): ReadStream | Socket {
  if (isatty(0)) fail('usage.invalid', { field: '--input', reason: 'nothing is piped into standard input' })
  const stats = fstatSync(0)
  return stats.isFIFO() || stats.isSocket()
    ? new Socket({ fd: 0, readable: true, writable: false })
    : createReadStream('', { fd: 0, autoClose: false })
}
