import type { KeyExample } from '#contract/restore.ts'
import { withinFile, type RdbPlace } from '../source/rdb-file.ts'
import type { Block } from '../target/block.ts'
import type { Target } from '../target/target.ts'
import { noCounts, type Ledger } from './ledger.ts'
import type { NamedKey } from './refusals.ts'
import type { RestoreWriter } from './restore-writer.ts'

/** Writes a restore from where its ledger stands to its end; again and again, if need be. */
export type Writer = Pick<RestoreWriter, 'run' | 'answered' | 'removeUnfinished' | 'unfinished' | 'examples'>

/** One file of a series and who writes it. */
interface Part {
  readonly file: RdbPlace & { readonly end: number }
  readonly writer: RestoreWriter
}

const examplesTold = 20

/**
 * Writes several files one after another as if they were one: their offsets go on from file to file, so the one
 * ledger tells where to go on, or how far to go back, in all of them.
 */
export class SeriesWriter implements Writer {
  readonly #parts: readonly Part[]
  readonly #ledger: Ledger
  #current: RestoreWriter

  /** `parts`: one at least, in order. */
  constructor(parts: readonly Part[], ledger: Ledger) {
    this.#parts = parts
    this.#ledger = ledger
    this.#current = parts[0]!.writer
  }

  get examples(): readonly KeyExample[] {
    return this.#parts.flatMap(({ writer }) => writer.examples).slice(0, examplesTold)
  }

  get unfinished(): NamedKey | null {
    return this.#current.unfinished
  }

  readonly answered = (block: Block): void => this.#current.answered(block)

  removeUnfinished(remove: (named: NamedKey) => Promise<void>): Promise<void> {
    return this.#current.removeUnfinished(remove)
  }

  async run(target: Target, signal: AbortSignal): Promise<void> {
    const ledger = this.#ledger
    for (const { file, writer } of this.#parts) {
      if (ledger.position.offset >= file.end) continue
      this.#current = writer
      await withinFile(file, writer.run(target, signal))
      if (signal.aborted) return
      // All of it is answered for: the place is the beginning of the next, where database 0 is selected.
      ledger.close(ledger.open({ offset: file.end, sourceDb: 0 }, noCounts()), performance.now())
    }
  }
}
