import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { opcode } from '../rdb/opcodes.ts'
import { endOfEntries, headerOf, magicOf, writeEntries, type DumpedKey } from '../rdb/payload-entries.ts'
import { writeString } from '../rdb/string.ts'

/** An RDB file made of single values, in a folder of its own that nobody else may look into; disposed of with it. */
export class PayloadFile implements AsyncDisposable {
  readonly path: string
  readonly #folder: string
  readonly #file: FileHandle
  #isBegun = false

  private constructor(folder: string, path: string, file: FileHandle) {
    this.#folder = folder
    this.path = path
    this.#file = file
  }

  static async create(): Promise<PayloadFile> {
    const folder = await mkdtemp(join(tmpdir(), 'keyferry-repair-'))
    const path = join(folder, 'values.rdb')
    return new PayloadFile(folder, path, await open(path, 'wx', 0o600))
  }

  /** Appends function libraries: their code. To be called after what has told which server's the file is. */
  async addLibraries(libraries: readonly Uint8Array[]): Promise<void> {
    if (libraries.length === 0) return
    const writer = new ByteWriter(64 * 1024)
    if (!this.#isBegun) writer.bytes(Buffer.from(sinceFunctions))
    for (const code of libraries) {
      writer.uint8(opcode.FUNCTION2)
      writeString(writer, code)
    }
    this.#isBegun = true
    await this.#file.write(writer.written())
  }

  /** Appends keys of one database, all dumped by one server. */
  async add(db: number, keys: readonly DumpedKey[]): Promise<void> {
    const writer = new ByteWriter(64 * 1024)
    if (!this.#isBegun && keys.length > 0) {
      writer.bytes(magicOf(headerOf(keys[0]!.dump)))
      this.#isBegun = true
    }
    writeEntries(writer, db, keys)
    if (this.#isBegun) await this.#file.write(writer.written())
  }

  /** Ends the file; false where nothing was added. No checksum: nobody has touched it since. */
  async end(): Promise<boolean> {
    if (this.#isBegun) await this.#file.write(endOfEntries)
    return this.#isBegun
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** The first version with function libraries. */
const sinceFunctions = 'REDIS0010'
