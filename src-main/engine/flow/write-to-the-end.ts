import { setTimeout as sleep } from 'node:timers/promises'
import { fail, FailureError, makeFailure, toFailure } from '#contract/failure.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import type { Destination } from '../target/destination.ts'
import type { TargetOptions } from '../target/target.ts'
import type { Ledger } from './ledger.ts'
import { Patience } from './patience.ts'
import type { RestoreMeter } from './restore-meter.ts'
import { connectionsOf } from './resumption.ts'
import type { Writer } from './series-writer.ts'

interface Writing {
  readonly destination: Destination
  readonly ledger: Ledger
  readonly writer: Writer
  readonly blocks: TargetOptions['blocks']
  readonly meter: RestoreMeter
  readonly run: string
  readonly total: number
}

/** Writes, and when the target goes away waits for it and goes on. Gives the number of times that happened. */
export async function writeToTheEnd(
  spec: RestoreSpec,
  writing: Writing,
  signal: AbortSignal,
): Promise<number> {
  const { destination, ledger, writer, blocks, meter, run, total } = writing
  const name = connectionsOf(run)
  const patience = new Patience()
  let failures = 0
  let reconnects = 0
  for (;;) {
    try {
      signal.throwIfAborted()
      using target = await destination.open(
        { connections: spec.connections, name, signal, blocks, onAnswered: writer.answered },
        ledger,
      )
      if (failures > 0) {
        await writer.removeUnfinished((named) => destination.remove(named))
        reconnects += 1
        meter.enter('writing')
      }
      await writer.run(target, signal)
      if (!signal.aborted) return reconnects
      fail('job.cancelled')
    } catch (thrown) {
      failures += 1
      const failure = signal.aborted ? makeFailure('job.cancelled') : toFailure(thrown)
      const params = {
        address: destination.address,
        ...failure.params,
        written: ledger.counts.written,
        ...(ledger.sentOffset > 0 ? { sent: 1 } : {}),
        total,
      }
      const pauseMs = patience.pauseMs(failure, ledger.position.offset, performance.now())
      if (pauseMs === null) {
        await leave(destination, writer)
        throw new FailureError({ ...failure, params })
      }
      meter.wait({ ...failure, params })
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }
}

/** At the end of a restore that failed or was cancelled, as far as the target lets us. */
async function leave(destination: Destination, writer: Writer): Promise<void> {
  try {
    await writer.removeUnfinished((named) => destination.leave(named))
  } catch (thrown) {
    // What is told is why the restore ended, not this.
    if (!(thrown instanceof FailureError)) throw thrown
  }
}
