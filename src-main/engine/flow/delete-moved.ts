import type { Connection } from '#contract/connection.ts'
import { FailureError } from '#contract/failure.ts'
import { keyspaceOf, parseInfo } from '../redis/info.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { ReplyError } from '../resp/decode.ts'
import { theKey } from '../resp/encode.ts'
import { DbLink, type Questioned } from '../verify/db-link.ts'
import { openQuestions } from '../verify/open-questions.ts'
import { keysOf } from './settle-expiries.ts'

/** UNLINK: it does not hold a server up for a large value. */
const unlinksSince = 400

export interface Moved {
  /** Keys that are gone from the source. */
  readonly deleted: number
  /** Keys that stay there, because the target has none of that name. */
  readonly kept: number
}

/**
 * Deletes from a source each key that its target has, in the same database. Only for two sides that were found equal
 * while nothing can write, and after whatever followed the source has ended for good: it would take the deletions
 * for those of an application. Goes by one connection to the source; where that is lost it ends with the link's
 * failure, for who can write by then is not known. `onProgress` hears of what has been done so far.
 */
export async function deleteMoved(
  source: Connection,
  target: Connection,
  task: string,
  onProgress: (moved: Moved) => void,
): Promise<Moved> {
  const { signal } = new AbortController()
  using there = await DbLink.open(source, `kf:${task}:move`, signal)
  using here = await openQuestions(target, `kf:${task}:move`, signal)
  const { versionNumber } = await there.look()
  const command = versionNumber >= unlinksSince ? 'UNLINK' : 'DEL'
  let moved: Moved = { deleted: 0, kept: 0 }
  const keyspace = keyspaceOf(parseInfo(String(await there.ask(0, ['INFO', 'keyspace']))))
  for (const db of Object.keys(keyspace).map(Number))
    for await (const keys of keysOf(db, { link: there, versionNumber })) {
      const found = await asked(here, db, keys, 'EXISTS')
      const arrived = keys.filter((_, index) => found[index] === 1)
      const deleted = (await asked(there, db, arrived, command)).reduce((sum, count) => sum + count, 0)
      moved = { deleted: moved.deleted + deleted, kept: moved.kept + keys.length - arrived.length }
      onProgress(moved)
    }
  return moved
}

async function asked(
  link: Questioned,
  db: number,
  keys: readonly Buffer[],
  command: 'EXISTS' | 'UNLINK' | 'DEL',
): Promise<readonly number[]> {
  const replies = await link.askEach(db, keys, [[command, theKey]])
  return replies.map((reply) => {
    if (reply instanceof ReplyError) throw new FailureError(classifyReplyError(reply.text, {}))
    return Number(reply)
  })
}
