import { join } from 'node:path'
import { addressOf } from '#contract/connection.ts'
import type { DumpProgress, DumpResult, DumpSpec } from '#contract/dump.ts'
import { fail } from '#contract/failure.ts'
import { pullSnapshot } from '../source/pull-snapshot.ts'
import { DumpBoard } from './dump-board.ts'
import { allOrNone, fileNameOf, findSources, type FoundSource } from './sources.ts'
import { landRdb, makeFolder } from './whole-file.ts'

/**
 * Pulls a snapshot from each source, all at the same time so that they are of about the same moment. A file bears
 * its name only when it is whole: received to its end, on the disk, and read through. Fails with what `pullSnapshot`
 * fails with, `file.*`, or `usage.invalid`; what was received by then is removed, except for files that were whole.
 */
export async function runDump(
  spec: DumpSpec,
  report: (progress: DumpProgress) => void,
  signal: AbortSignal,
): Promise<DumpResult> {
  const startedAt = performance.now()
  const sources = await findSources(spec.sources, signal)
  const paths = placesOf(sources, spec)
  if (spec.intoFolder) await makeFolder(spec.to)
  const addresses = sources.map(({ connection }) => addressOf(connection))
  const board = new DumpBoard(addresses, report)
  using _telling = board.tellRegularly()
  // Where one fails nobody wants the others: they are ended, and awaited.
  const ending = new AbortController()
  const either = AbortSignal.any([signal, ending.signal])
  const files = await allOrNone(
    sources.map(async ({ connection, kind }, index) => {
      const onProgress = board.noteOf(index)
      const file = paths[index]!
      const told = await landRdb(
        file,
        spec.force,
        (landing) => pullSnapshot(connection, landing, { source: kind, signal: either, onProgress }),
        onProgress,
        either,
      )
      return { address: addresses[index]!, file, ...told }
    }),
    ending,
  )
  return {
    files,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    keys: files.reduce((sum, { keys }) => sum + keys, 0),
    elapsedMs: Math.round(performance.now() - startedAt),
  }
}

function placesOf(
  sources: readonly FoundSource[],
  { to, intoFolder }: Pick<DumpSpec, 'to' | 'intoFolder'>,
): readonly string[] {
  if (!intoFolder && sources.length > 1)
    fail('usage.invalid', {
      field: '--output',
      reason: `there are ${sources.length} sources: name a folder (ending in /) for a file of each`,
    })
  return sources.map(({ connection }) => (intoFolder ? join(to, `${fileNameOf(connection)}.rdb`) : to))
}
