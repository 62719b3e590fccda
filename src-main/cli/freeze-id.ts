import { createHash } from 'node:crypto'
import { placeOf, type Connection } from '#contract/connection.ts'

/** The name of a freeze made on the command line. One a server: the same command again finds it. */
export function freezeId(connection: Connection): string {
  return `cli-${createHash('sha256').update(placeOf(connection)).digest('hex').slice(0, 12)}`
}
