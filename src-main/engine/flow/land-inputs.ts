import type { RestoreSpec } from '#contract/restore.ts'
import { landInput, type LandedInput } from '../source/land-input.ts'
import type { RestoreMeter } from './restore-meter.ts'

/** The inputs of a restore, all on this machine. Disposing of them removes what was landed for them. */
export class LandedInputs implements AsyncDisposable {
  readonly #landed: LandedInput[] = []

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

  #land(
    file: string,
    keepIn: string | undefined,
    meter: RestoreMeter,
    signal: AbortSignal,
  ): Promise<LandedInput> {
    let fetching = false
    return landInput(file, {
      signal,
      keepIn,
      onProgress(bytesDone, bytesTotal) {
        meter.measure(bytesTotal ?? 0)
        if (!fetching) meter.enter('fetching')
        fetching = true
        meter.advance(bytesDone)
      },
      onWait(failure) {
        fetching = false
        meter.wait(failure)
      },
    })
  }
}
