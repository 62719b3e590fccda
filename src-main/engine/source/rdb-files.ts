import type { LandedInput } from './land-input.ts'
import { RdbFile } from './rdb-file.ts'

/** RDB files in a row, kept open, their offsets going on from file to file. */
export class RdbFiles implements AsyncDisposable {
  readonly #files: RdbFile[] = []

  /** Fails as `RdbFile.open` does. */
  static async open(inputs: readonly LandedInput[]): Promise<RdbFiles> {
    const opened = new RdbFiles()
    try {
      for (const { path, name } of inputs) opened.#files.push(await RdbFile.open(path, name, opened.size))
      return opened
    } catch (thrown) {
      await opened[Symbol.asyncDispose]()
      throw thrown
    }
  }

  get all(): readonly RdbFile[] {
    return this.#files
  }

  /** Bytes of all together. */
  get size(): number {
    return this.#files.at(-1)?.end ?? 0
  }

  /** Fails with `file.changed` when one is no longer the one that was opened. */
  async assertUnchanged(): Promise<void> {
    for (const file of this.#files) await file.assertUnchanged()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files) await file[Symbol.asyncDispose]()
  }
}
