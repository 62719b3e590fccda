import { fail } from '#contract/failure.ts'
import type { KeyExample, RestoreSpec } from '#contract/restore.ts'
import type { Crc64Arena } from '../bytes/crc64.ts'
import { composerBytes } from '../plan/compose.ts'
import { guardMs } from '../plan/expiry.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import { readingBytes, withinFile, type RdbFile } from '../source/rdb-file.ts'
import { cutBlocks } from '../target/block.ts'
import type { TargetLook } from '../target/look.ts'
import type { Destination } from '../target/destination.ts'
import { StandaloneTarget } from '../target/standalone.ts'
import { Ledger, type Counts, type Position } from './ledger.ts'
import { RestoreWriter } from './restore-writer.ts'
import type { Throttle } from './throttle.ts'
import type { SurveyedFile } from './survey.ts'
import { overwritingPlan } from './write-plan.ts'

const blocksBytes = 12 * 1024 * 1024
const smallestBlock = 96 * 1024
const largestBlock = 128 * 1024

/** Bytes of memory that writing a base takes beside reading it. */
export function baseArenaBytes(connections: number): number {
  return readingBytes + composerBytes + blockBytes(connections)
}

function blockBytes(connections: number): number {
  return Math.max(blocksBytes, StandaloneTarget.blocksFor(connections) * smallestBlock)
}

export interface BaseParts {
  readonly spec: RestoreSpec
  readonly destination: Destination
  readonly file: RdbFile
  readonly survey: SurveyedFile
  readonly arena: Crc64Arena
  readonly rules: KeyRules
  readonly look: TargetLook
  readonly capabilities: Capabilities
  /** Module types of the file that the target cannot load. */
  readonly lackedModules: ReadonlySet<string>
  /** Begins the names of values that are written in pieces. */
  readonly temporaryPrefix: string
  /** Where an earlier run of ours has come to. */
  readonly from: Position
  readonly throttle: Throttle
  readonly onAdvance: (reached: Position, counts: Readonly<Counts>) => void
}

/**
 * Writes the RDB that an append-only file begins with, over whatever the target has, every expiry shifted into
 * the future: what commands behind it change must not have gone before they come.
 */
export class AofBase {
  readonly #parts: BaseParts
  readonly #ledger: Ledger
  readonly #writer: RestoreWriter

  constructor(parts: BaseParts) {
    const {
      spec,
      destination,
      file,
      survey,
      arena,
      rules,
      look,
      capabilities,
      lackedModules,
      temporaryPrefix,
      from,
      throttle,
      onAdvance,
    } = parts
    this.#parts = parts
    const ledger = new Ledger(from)
    this.#ledger = ledger
    const { header } = survey.checked
    this.#writer = new RestoreWriter({
      file,
      throttle,
      header,
      arena,
      composerOffset: readingBytes,
      ledger,
      plan: overwritingPlan({
        address: destination.address,
        manners: destination.manners,
        rules: { ...rules, ttl: { rule: 'keep' } },
        functions: rules.functions && capabilities.functions,
        header,
        look,
        capabilities,
        types: survey.types,
        lackedModules,
        dropFieldsExpiredBy: spec.fieldExpiry === 'drop' ? Date.now() + look.clockAheadMs : null,
        expiryShiftMs: guardMs,
        temporaryPrefix,
      }),
      onAdvance: () => onAdvance(ledger.position, ledger.counts),
    })
  }

  get counts(): Readonly<Counts> {
    return this.#ledger.counts
  }

  get position(): Position {
    return this.#ledger.position
  }

  get examples(): readonly KeyExample[] {
    return this.#writer.examples
  }

  /** Writes from where it has come to, until the end. Rejects when the target is lost, or with `job.cancelled`. */
  async run(name: string, signal: AbortSignal): Promise<void> {
    const { spec, arena, destination } = this.#parts
    const { connections } = spec
    using target = await destination.open(
      {
        connections,
        name,
        signal,
        blocks: (count) =>
          cutBlocks(
            {
              memory: arena.memory,
              start: readingBytes + composerBytes,
              bytes: blockBytes(connections),
            },
            count,
            largestBlock,
          ),
        onAnswered: this.#writer.answered,
      },
      this.#ledger,
    )
    await this.#writer.removeUnfinished((named) => destination.remove(named))
    await withinFile(this.#parts.file, this.#writer.run(target, signal))
    if (signal.aborted) fail('job.cancelled')
  }
}
