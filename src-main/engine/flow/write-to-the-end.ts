import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf } from '#contract/connection.ts'
import { fail, FailureError, makeFailure, toFailure } from '#contract/failure.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import { Link } from '../resp/link.ts'
import type { Block } from '../target/block.ts'
import { lookAtTarget, type TargetLook } from '../target/look.ts'
import { StandaloneTarget } from '../target/standalone.ts'
import { openLook } from './before-writing.ts'
import type { Ledger } from './ledger.ts'
import { Patience } from './patience.ts'
import type { RestoreMeter } from './restore-meter.ts'
import type { RestoreWriter } from './restore-writer.ts'

/**
 * What a server with an append-only file may lack after it was started anew, or a replica that took its place:
 * by `appendfsync everysec` two seconds, by `no` what Linux keeps unwritten, half a minute.
 */
const appendOnlyLossMs = 45_000
/** As long is tried to take what is unfinished from a target that the restore ends with. */
const tidyingMs = 3_000

interface Writing {
  readonly look: TargetLook
  readonly ledger: Ledger
  readonly writer: RestoreWriter
  readonly blocks: readonly Block[]
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
  const { ledger, writer, blocks, meter, run, total } = writing
  const name = `keyferry:restore:${run}`
  const patience = new Patience()
  let last: Connected = { runId: writing.look.runId, clientIds: [] }
  let failures = 0
  let reconnects = 0
  for (;;) {
    try {
      signal.throwIfAborted()
      using target = await StandaloneTarget.open(spec.target, {
        connections: spec.connections,
        name,
        signal,
        blocks,
        onAnswered: writer.answered,
      })
      if (failures > 0) {
        // Looked at once the connections stand: a server started anew after that is one that loses them.
        last = { ...last, runId: await comeBack(spec, last, { ledger, writer }, signal) }
        reconnects += 1
        meter.enter('writing')
      }
      last = { ...last, clientIds: target.clientIds }
      await writer.run(target, signal)
      if (!signal.aborted) return reconnects
      fail('job.cancelled')
    } catch (thrown) {
      failures += 1
      const failure = signal.aborted ? makeFailure('job.cancelled') : toFailure(thrown)
      const params = {
        ...failure.params,
        address: addressOf(spec.target),
        written: ledger.counts.written,
        total,
      }
      const pauseMs = patience.pauseMs(failure, ledger.position.offset, performance.now())
      if (pauseMs === null) {
        await removeUnfinished(spec, writer, last)
        throw new FailureError({ ...failure, params })
      }
      meter.wait({ ...failure, params })
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }
}

/** The server that was written to last: which start of it, and its own numbers of our connections. */
interface Connected {
  readonly runId: string | null
  readonly clientIds: readonly (number | bigint)[]
}

/**
 * The target is there again: ends what is left of our old connections, so that nothing they still carry can be
 * applied late, and finds out what it may have lost. Gives its run id.
 */
async function comeBack(
  spec: RestoreSpec,
  last: Connected,
  { ledger, writer }: Pick<Writing, 'ledger' | 'writer'>,
  signal: AbortSignal,
): Promise<string | null> {
  using link = await openLook(spec, signal)
  using _ending = link.endWith(signal)
  const { runId, appendOnly } = await lookAtTarget(link)
  if (runId !== null && runId === last.runId) await endConnections(link, last)
  // Started anew: with an append-only file it has all but the last moments, else nobody knows what.
  else ledger.goBack(appendOnly ? appendOnlyLossMs : Infinity)
  await writer.removeUnfinished(link)
  return runId
}

async function endConnections(link: Link, { clientIds }: Connected): Promise<void> {
  for (const id of clientIds) await link.call(['CLIENT', 'KILL', 'ID', id])
}

/** At the end of a restore that failed or was cancelled, as far as the target lets us. */
async function removeUnfinished(spec: RestoreSpec, writer: RestoreWriter, last: Connected): Promise<void> {
  if (writer.unfinished === null) return
  try {
    using link = await Link.open(spec.target, {
      timeoutMs: tidyingMs,
      silenceMs: tidyingMs,
      name: 'keyferry:look',
    })
    await endConnections(link, last)
    await writer.removeUnfinished(link)
  } catch (thrown) {
    // What is told is why the restore ended, not this.
    if (!(thrown instanceof FailureError)) throw thrown
  }
}
