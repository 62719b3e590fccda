import type { DumpPhase, DumpProgress, DumpResult, SourceProgress } from '#contract/dump.ts'
import { bytes, count, duration, keys } from './figures.ts'

const words: Readonly<Record<DumpPhase, string>> = {
  connecting: 'Connecting',
  handshake: 'Signing in',
  waiting: 'Waiting for the snapshot',
  receiving: 'Receiving',
  fetching: 'Fetching',
  checking: 'Checking',
  done: 'Checked',
}

/** How far a dump is, in one line. */
export function dumpStatus({ sources, bytesPerSecond }: DumpProgress): string {
  const [first, ...others] = sources
  if (first === undefined) return words.connecting
  const rate = bytesPerSecond > 0 ? `, ${bytes(bytesPerSecond)}/s` : ''
  if (others.length === 0) return `${words[first.phase]}${amount(first)}${isMoving(first.phase) ? rate : ''}`
  const phases = (Object.keys(words) as DumpPhase[]).flatMap((phase) => {
    const there = sources.filter((source) => source.phase === phase).length
    return there === 0 ? [] : [`${words[phase].toLowerCase()} ${count(there)}`]
  })
  const done = sources.reduce((sum, { bytesDone }) => sum + bytesDone, 0)
  return `${count(sources.length)} sources: ${phases.join(', ')}; ${bytes(done)}${rate}`
}

function isMoving(phase: DumpPhase): boolean {
  return phase === 'receiving' || phase === 'fetching'
}

function amount({ phase, bytesDone, bytesTotal }: SourceProgress): string {
  if (!isMoving(phase) && phase !== 'checking') return ' …'
  return bytesTotal === null ? `: ${bytes(bytesDone)}` : `: ${bytes(bytesDone)} of ${bytes(bytesTotal)}`
}

/** What a dump has made, one string a line. */
export function dumpLines({ files, bytes: size, keys: held, elapsedMs }: DumpResult): readonly string[] {
  const lines = files.map(({ address, file, ...told }) => {
    const server = told.flavour === 'valkey' ? 'Valkey' : 'Redis'
    const checksum = told.checksum === 'ok' ? ', checksum right' : ''
    return `${address} → ${file}: ${keys(told.keys)}, ${bytes(told.bytes)}, ${server} RDB version ${told.rdbVersion}${checksum}.`
  })
  const all = `${count(files.length)} files, ${keys(held)}, ${bytes(size)}, `
  return [...lines, `Done: ${files.length > 1 ? all : ''}in ${duration(elapsedMs)}.`]
}
