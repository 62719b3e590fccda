import { basename } from 'node:path'
import { escapeKey } from '#contract/escape-key.ts'
import type { FileReport } from '#contract/inspect.ts'
import { surveyAof } from '../flow/aof-survey.ts'
import { paced } from '../flow/pace.ts'
import { everythingAsItIs } from '../plan/key-rules.ts'
import { inspectRdb, reportOfNothing } from '../rdb/inspect.ts'
import { defaultPrefixes, type PrefixOptions } from '../rdb/prefix-tally.ts'
import { openAofInput, type AofInput } from '../source/aof-input.ts'
import { landInput } from '../source/land-input.ts'
import { RdbFile } from '../source/rdb-file.ts'

/**
 * Reads a backup once, checks it from end to end, and tells what is in it; a URL and what is packed are landed first.
 * Fails with `file.*`, `aof.*`, `fetch.*`, `connect.*` or `job.cancelled`.
 */
export async function inspectFile(
  spec: { readonly file: string; readonly prefixes?: PrefixOptions | undefined },
  report: (progress: { readonly bytesDone: number; readonly bytesTotal: number }) => void,
  signal: AbortSignal,
): Promise<FileReport> {
  await using landed = await landInput(spec.file, {
    signal,
    onProgress: paced((bytesDone, bytesTotal) => report({ bytesDone, bytesTotal: bytesTotal ?? 0 })),
    onWait: () => undefined,
  })
  const aof = landed.kind === 'rdb' ? null : await openAofInput(landed.path, landed.name)
  if (aof !== null) return await inspectAof(aof, spec.prefixes ?? defaultPrefixes, report, signal)
  await using file = await RdbFile.open(landed.path, landed.name)
  const say = paced((bytesDone: number) => report({ bytesDone, bytesTotal: file.size }))
  return await inspectRdb(file, spec.prefixes ?? defaultPrefixes, say, signal)
}

async function inspectAof(
  input: AofInput,
  prefixes: PrefixOptions,
  report: (progress: { readonly bytesDone: number; readonly bytesTotal: number }) => void,
  signal: AbortSignal,
): Promise<FileReport> {
  await using _files = input
  const progress = paced((bytesDone: number) => report({ bytesDone, bytesTotal: input.size }))
  const [first] = input.files
  await using file = first?.beginsWithRdb ? await RdbFile.open(first.path) : null
  const base = file === null ? reportOfNothing(prefixes) : await inspectRdb(file, prefixes, progress, signal)
  const commandsFrom = file === null ? 0 : file.size - base.trailingBytes
  const survey = await surveyAof({ input, commandsFrom, rules: everythingAsItIs, progress, signal })
  const counts = [...survey.byName, ...survey.unknown].sort((a, b) => b[1] - a[1])
  return {
    ...base,
    file: input.name,
    bytes: input.size,
    trailingBytes: 0,
    aof: {
      files: input.files.map(({ path, size }) => ({ name: basename(path), bytes: size })),
      history: input.history,
      commands: survey.commands,
      bytes: input.size - commandsFrom,
      byName: counts.map(([name, count]) => ({ name: escapeKey(Buffer.from(name, 'latin1')), count })),
      unknown: [...survey.unknown.keys()].map((name) => escapeKey(Buffer.from(name, 'latin1'))),
      dbs: survey.dbs,
      keys: survey.keys,
      times: survey.times,
      cutOff: survey.cutOff,
    },
  }
}
