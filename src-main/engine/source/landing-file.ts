import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { asWriteFailure, assertRoom } from './disk-room.ts'

/** After so many bytes the disk is looked at again: others write to it too. */
const lookEveryBytes = 64 * 1024 * 1024

/**
 * A file under way onto this machine, readable by its owner only. It never fills the disk to the brim. Its
 * methods fail with `file.no-room` or `file.not-writable`.
 */
export class LandingFile implements AsyncDisposable {
  readonly path: string
  readonly #folder: string
  readonly #handle: FileHandle
  #bytes = 0
  #lookAt = 0

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.#folder = dirname(path)
    this.#handle = handle
  }

  /** Makes the file, which must not be there yet. */
  static async create(path: string): Promise<LandingFile> {
    const { O_CREAT, O_EXCL, O_WRONLY } = constants
    try {
      return new LandingFile(path, await open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600))
    } catch (thrown) {
      throw asWriteFailure(thrown, dirname(path))
    }
  }

  /** Bytes in it. */
  get bytes(): number {
    return this.#bytes
  }

  /** Fails early where so many more bytes will not fit. */
  async expect(bytes: number): Promise<void> {
    await assertRoom(this.#folder, bytes)
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#bytes >= this.#lookAt) {
      await assertRoom(this.#folder, chunk.length)
      this.#lookAt = this.#bytes + lookEveryBytes
    }
    try {
      for (let at = 0; at < chunk.length;) {
        const { bytesWritten } = await this.#handle.write(chunk, at, chunk.length - at, this.#bytes)
        at += bytesWritten
        this.#bytes += bytesWritten
      }
    } catch (thrown) {
      throw asWriteFailure(thrown, this.#folder)
    }
  }

  /** Throws away what is in it. */
  async startAgain(): Promise<void> {
    await this.#handle.truncate(0)
    this.#bytes = 0
    this.#lookAt = 0
  }

  /** Resolves when the disk has it all. */
  async sync(): Promise<void> {
    try {
      await this.#handle.sync()
    } catch (thrown) {
      throw asWriteFailure(thrown, this.#folder)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}
