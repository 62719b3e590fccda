import { setTimeout as sleep } from 'node:timers/promises'
import { FailureError, fail, type Failure } from '#contract/failure.ts'
import type { CommandRules } from '../plan/command-rules.ts'
import type { LiveTarget } from '../target/live-target.ts'
import type { FailedUnit } from '../target/transaction-frame.ts'
import type { AofPart } from './aof-survey.ts'
import { earliest, type Checkpoint, type TaskKeys, type TaskMeta } from './checkpoint.ts'
import { UnitPreparer, type CommandRewriter } from './prepare.ts'
import type { TargetSession } from './target-session.ts'
import { UnitFrame, type Unit, type UnitCommand } from './units.ts'

export interface ReplayParts {
  readonly keys: TaskKeys
  readonly session: TargetSession
  readonly meta: TaskMeta
  /** The lanes' checkpoints, in order: offsets are places in the files, counted as if they were one. */
  readonly checkpoints: readonly Checkpoint[]
  readonly parts: readonly AofPart[]
  readonly rules: CommandRules
  /** What the target cannot do in whichever way, and is left out. */
  readonly isImpossible: (command: UnitCommand) => boolean
  readonly rewriter: CommandRewriter
  /** What relative expiries count from, milliseconds since the epoch: as with a server, when it is loaded. */
  readonly loadedAt: number
  readonly onFailed: (units: readonly FailedUnit[]) => void
  readonly onTook: (commands: number) => void
  /** Everything before this offset is in the target; and why it takes no more, if it does not. */
  readonly onProgress: (applied: number, waitingFor: Failure | null) => void
  /** Resolves when the next so many bytes may be sent. */
  readonly room?: (bytes: number) => Promise<void> | null
}

const houseEveryMs = 500

/**
 * Applies the commands of an append-only file to a target as a live stream is applied, each exactly once, from
 * the lanes' checkpoints on to the end. Rejects when the target is lost: its checkpoints tell where to go on.
 */
export class Replay {
  readonly #parts: ReplayParts
  readonly #preparer: UnitPreparer

  constructor(parts: ReplayParts) {
    this.#parts = parts
    const { meta, rewriter } = parts
    this.#preparer = new UnitPreparer({ lanes: meta.lanes, rewriter, onUnknown: () => undefined })
  }

  async run(signal: AbortSignal): Promise<void> {
    const { session, keys, meta, checkpoints, onFailed, onTook } = this.#parts
    const ended = new AbortController()
    const stay = AbortSignal.any([signal, ended.signal])
    const start = earliest(checkpoints)
    using target = await session.openLive({
      keys,
      name: session.name,
      meta: () => meta,
      checkpoints,
      replid: () => start.replid,
      onFailed,
      onTook,
      signal: stay,
    })
    // Whatever it finds, the lanes find too.
    const house = this.#keepHouse(target, stay).catch(() => undefined)
    try {
      await this.#apply(target, start, stay)
      await target.drainAndNote()
    } catch (thrown) {
      // A link that was closed for another's sake tells less than why the target was lost.
      throw target.failure === null || signal.aborted ? thrown : new FailureError(target.failure)
    } finally {
      ended.abort()
      await house
      this.#tell(target)
    }
  }

  async #apply(target: LiveTarget, from: Checkpoint, signal: AbortSignal): Promise<void> {
    for (const { file, from: first, to } of this.#parts.parts) {
      if (file.start + to <= from.offset) continue
      const goesOn = from.offset > file.start + first
      const start = goesOn ? from.offset - file.start : first
      // Every file is loaded with database 0 selected.
      const frame = new UnitFrame(goesOn ? from.db : 0, (offset, reason) =>
        fail('file.corrupt', { file: file.path, offset, reason }),
      )
      const reader = file.reader(start, to)
      for await (const batch of reader.batches()) {
        for (const command of batch) {
          const unit = frame.take(command)
          if (frame.open) continue
          if (unit === null) {
            target.advance(file.start + command.end, frame.db)
            continue
          }
          const full = this.#place(target, { ...unit, end: file.start + command.end })
          if (full !== null) await full
        }
        if (signal.aborted) fail('job.cancelled')
        target.flush()
        const wait = this.#parts.room?.(batch.at(-1)!.end - batch[0]!.start)
        if (wait !== null && wait !== undefined) await wait
      }
      target.advance(file.start + to, frame.db)
    }
  }

  #place(target: LiveTarget, unit: Unit): Promise<void> | null {
    const { rules, isImpossible, loadedAt } = this.#parts
    const commands = unit.commands.flatMap((command) => {
      const ruled = rules.apply(command)
      return typeof ruled === 'string' || isImpossible(ruled) ? [] : [ruled]
    })
    if (commands.length === 0) {
      target.advance(unit.end, unit.db)
      return null
    }
    const placed = target.place(this.#preparer.prepare({ ...unit, commands }, loadedAt))
    if (placed === null) {
      target.advance(unit.end, unit.db)
      return null
    }
    return placed.then(() => target.advance(unit.end, unit.db))
  }

  /** Lanes without work write their checkpoints too, so that a restart need not go far back. */
  async #keepHouse(target: LiveTarget, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#tell(target)
      await target.refresh()
      await sleep(houseEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  #tell(target: LiveTarget): void {
    this.#parts.onProgress(target.applied, target.waitingFor)
  }
}
