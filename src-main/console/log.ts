import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { destination, pino, type Logger } from 'pino'

export type Log = Logger

/** Names under which a secret could ever lie in something logged. Nothing that holds one is meant to be. */
const secretNames = ['password', 'token', 'cookie', 'authorization', 'key', 'passphrase']

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
    {
      base: null,
      redact: {
        paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '(secret)',
      },
    },
    destination({ dest: file, append: true, sync: true, mode: 0o600 }),
  )
}
