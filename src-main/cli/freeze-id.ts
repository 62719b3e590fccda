import { createHash } from 'node:crypto'
import type { Connection } from '#contract/connection.ts'
import { placeOfAll } from './migrations.ts'

/** The name of a freeze made on the command line. One for these servers: the same command again finds it. */
export function freezeId(sources: readonly Connection[]): string {
  return `cli-${createHash('sha256').update(placeOfAll(sources)).digest('hex').slice(0, 12)}`
}
