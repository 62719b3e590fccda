import type { RestoreSpec } from '#contract/restore.ts'
import { landInput, type LandedInput } from '../source/land-input.ts'
import type { RestoreMeter } from './restore-meter.ts'

/** The inputs of a restore, all on this machine. Disposing of them removes what was landed for them. */
export class LandedInputs implements AsyncDisposable {
  readonly #landed: LandedInput[] = []
  /** Bytes of those that have been fetched or unpacked. */
  #fetched = 0

  /** Lands them one after another, before anything else happens. Fails as `landInput` does. */
  static async land(
    { files, keepIn }: Pick<RestoreSpec, 'files' | 'keepIn'>,
    meter: RestoreMeter,
    signal: AbortSignal,
  ): Promise<LandedInputs> {
    const inputs = new LandedInputs()
    try {
      for (const file of files) inputs.#landed.push(await inputs.#land(file, keepIn, meter, signal))
      return inputs
    } catch (thrown) {
      await inputs[Symbol.asyncDispose]()
      throw thrown
    }
  }

  get all(): readonly LandedInput[] {
    return this.#landed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const landed of this.#landed) await landed[Symbol.asyncDispose]()
  }

  async #land(
    file: string,
    keepIn: string | undefined,
    meter: RestoreMeter,
    signal: AbortSignal,
  ): Promise<LandedInput> {
    let fetched = 0
    const landed = await landInput(file, {
      signal,
      keepIn,
      onProgress: (bytesDone, bytesTotal) => {
        // Of those behind it, it is not known how large they are.
        meter.measure(bytesTotal === null ? 0 : this.#fetched + bytesTotal)
        if (meter.phase !== 'fetching') meter.enter('fetching')
        fetched = bytesDone
        meter.advance(this.#fetched + bytesDone)
      },
      onWait: (failure) => meter.wait(failure),
    })
    this.#fetched += fetched
    return landed
  }
}
