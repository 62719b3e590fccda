import { open, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FailureError, type Failure } from '#contract/failure.ts'
import { diskFailure } from '../source/disk-failure.ts'
import { idOfKey, type DbKey } from './checkpoint.ts'

const manyKeys = 200_000

/**
 * Keys noted to be looked at again, each at least once. Many of them go to a file; it need not outlive the
 * process, since a new run notes them anew.
 */
export class NotedKeys {
  readonly #spillFile: string
  readonly #keptInMemory: number
  #memory = new Map<string, DbKey>()
  #writing: Promise<void> = Promise.resolve()
  #file: FileHandle | null = null
  #spilled = false
  /** What kept keys from the file: not all are known any more. */
  #failure: Failure | null = null

  constructor(spillFile: string, keptInMemory = manyKeys) {
    this.#spillFile = spillFile
    this.#keptInMemory = keptInMemory
  }

  get isEmpty(): boolean {
    return this.#memory.size === 0 && !this.#spilled
  }

  add({ db, key }: DbKey): void {
    const id = idOfKey({ db, key })
    if (this.#memory.has(id)) return
    this.#memory.set(id, { db, key: Buffer.from(key) })
    if (this.#memory.size >= this.#keptInMemory) this.#spill()
  }

  /** Every key noted so far, in batches; those noted meanwhile too. Fails where the disk did not take them. */
  async *batches(size: number): AsyncGenerator<readonly DbKey[], void> {
    await this.#writing
    if (this.#failure !== null) throw new FailureError(this.#failure)
    if (this.#file !== null) yield* readKeys(this.#file, size)
    const rest = [...this.#memory.values()]
    for (let at = 0; at < rest.length; at += size) yield rest.slice(at, at + size)
  }

  async clear(): Promise<void> {
    await this.#writing
    await this.#file?.close()
    this.#file = null
    this.#spilled = false
    this.#failure = null
    this.#memory.clear()
    await rm(this.#spillFile, { force: true })
  }

  #spill(): void {
    const keys = [...this.#memory.values()]
    this.#spilled = true
    this.#memory.clear()
    this.#writing = this.#writing.then(async () => {
      try {
        this.#file ??= await open(this.#spillFile, 'w+', 0o600)
        await this.#file.appendFile(Buffer.concat(keys.map(encodeKey)))
      } catch (thrown) {
        this.#failure ??= diskFailure(thrown, dirname(this.#spillFile)).failure
      }
    })
  }
}

/** `u32 db · u32 length · key`, little-endian. */
function encodeKey({ db, key }: DbKey): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(db, 0)
  head.writeUInt32LE(key.length, 4)
  return Buffer.concat([head, key])
}

async function* readKeys(file: FileHandle, size: number): AsyncGenerator<readonly DbKey[], void> {
  let position = 0
  let batch: DbKey[] = []
  const head = Buffer.alloc(8)
  while ((await file.read(head, 0, 8, position)).bytesRead === 8) {
    const key = Buffer.alloc(head.readUInt32LE(4))
    await file.read(key, 0, key.length, position + 8)
    position += 8 + key.length
    batch.push({ db: head.readUInt32LE(0), key })
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
