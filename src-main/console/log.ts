import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { destination, pino, type Logger } from 'pino'

export type Log = Logger

/** Names under which a secret could ever lie in something logged. Nothing that holds one is meant to be. */
const secretNames: ReadonlySet<string> = new Set([
  'password',
  'token',
  'cookie',
  'authorization',
  'key',
  'passphrase',
  'sourceWay',
  'targetWay',
])

/** Deeper than anything of ours; what refers to itself ends here. */
const deepest = 12

/**
 * A log of JSON lines, appended to `file`; written at once, so that the last words of a crash are there. Where the
 * folder takes no file the log is silent: the store cannot be opened there either, and the console says so.
 */
export function openLog(file: string): Log {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    return appendTo(file)
  } catch {
    return pino({ enabled: false })
  }
}

function appendTo(file: string): Log {
  return pino(
    { base: null, formatters: { log: (entry) => withoutSecrets(entry) as Record<string, unknown> } },
    destination({ dest: file, append: true, sync: true, mode: 0o600 }),
  )
}

/** What is logged, with whatever bears a secret's name taken out, however deep it lies: a way has hops, and they have passwords. */
function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value
  if (depth > deepest) return '…'
  if (Array.isArray(value)) return value.map((one) => withoutSecrets(one, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      secretNames.has(name) ? '(secret)' : withoutSecrets(inner, depth + 1),
    ]),
  )
}
