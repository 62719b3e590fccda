import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { destination, pino, type Logger } from 'pino'

export type Log = Logger

/** Names under which a secret could ever lie in something logged. Nothing that holds one is meant to be. */
const secretNames = ['password', 'token', 'cookie', 'authorization', 'key', 'passphrase']

/** A log of JSON lines, appended to `file`; written at once, so that the last words of a crash are there. */
export function openLog(file: string): Log {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
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
