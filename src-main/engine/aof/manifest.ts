import { fail } from '#contract/failure.ts'
import { splitArguments } from './split-arguments.ts'

/** Which files make up an append-only file, in the order they are loaded: the base, then every increment. */
export interface AofManifest {
  /** Null where everything is in increments (a server that began with an empty data set, or lost its base). */
  readonly base: string | null
  readonly increments: readonly string[]
  /** What a rewrite has replaced: never loaded. */
  readonly history: readonly string[]
}

/** `MANIFEST_MAX_LINE`, the newline counted (aof.c). */
const longestLine = 1024

/**
 * Reads a manifest as a server does (aof.c, `aofLoadManifestFromFile`): one `file <name> seq <number> type b|i|h`
 * a line, in any order of the pairs, with further pairs let pass. `bytes` as Latin-1; `path` is for failures. Fails
 * with `aof.manifest-invalid`, `aof.manifest-empty`, `aof.second-base`, `aof.wrong-order`, `aof.unknown-type` or
 * `aof.path-in-manifest`, which name the line.
 */
export function parseManifest(bytes: string, path: string): AofManifest {
  let base: string | null = null
  const increments: string[] = []
  const history: string[] = []
  let lastSequence = 0
  const lines = bytes.split('\n')
  const unended = lines.pop() ?? ''
  for (const [index, raw] of lines.entries()) {
    if (raw.startsWith('#')) continue
    const place = { file: path, line: index + 1 }
    const { file, sequence, type } = parseLine(raw, place)
    if (type === 'b') {
      if (base !== null) fail('aof.second-base', place)
      base = file
    } else if (type === 'h') history.push(file)
    else if (type === 'i') {
      if (sequence <= lastSequence) fail('aof.wrong-order', place)
      lastSequence = sequence
      increments.push(file)
    } else fail('aof.unknown-type', { ...place, type })
  }
  if (unended !== '' && !unended.startsWith('#'))
    fail('aof.manifest-invalid', { file: path, line: lines.length + 1 })
  if (base === null && increments.length === 0) fail('aof.manifest-empty', { file: path })
  return { base, increments, history }
}

interface Entry {
  readonly file: string
  readonly sequence: number
  readonly type: string
}

function parseLine(line: string, place: { readonly file: string; readonly line: number }): Entry {
  const words = line.length < longestLine ? splitArguments(line.trim()) : null
  // More than three pairs are allowed: a newer server may say more.
  if (words === null || words.length < 6 || words.length % 2 !== 0) return fail('aof.manifest-invalid', place)
  const pairs = new Map<string, string>()
  for (let at = 0; at < words.length; at += 2) pairs.set(words[at]!.toLowerCase(), words[at + 1]!)
  const file = Buffer.from(pairs.get('file') ?? '', 'latin1').toString()
  const sequence = Number(/^\s*\d+/.exec(pairs.get('seq') ?? '')?.[0] ?? 0)
  const type = (pairs.get('type') ?? '').slice(0, 1)
  // Nothing but a name: a manifest from elsewhere must not lead out of its own folder.
  if (/[/\\\0]/.test(file) || file === '.' || file === '..') fail('aof.path-in-manifest', place)
  if (file === '' || sequence === 0 || type === '') fail('aof.manifest-invalid', place)
  return { file, sequence, type }
}
