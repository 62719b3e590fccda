import type { Connection } from '#contract/connection.ts'
import { FailureError, makeFailure, toFailure } from '#contract/failure.ts'
import { resolve } from '../redis/dial.ts'
import { parseInfo } from '../redis/info.ts'
import { replicationOf } from '../redis/replication.ts'
import { Link } from '../resp/link.ts'
import { repeat } from './repeat.ts'
import type { ReplicationMarks } from './replication-marks.ts'
import type { StandaloneTarget } from './standalone.ts'

const everyMs = 500
const silenceMs = 60_000

interface PrimaryWatchOptions {
  /** With the Sentinels. */
  readonly connection: Connection
  /** The primary they have named. */
  readonly primary: Connection
  readonly name: string
  readonly marks: ReplicationMarks
  readonly signal: AbortSignal
}

/**
 * Looks after a primary that Sentinels have named while it is written to, twice a second: notes how far its
 * replication stream has come, and gives the target up when the Sentinels name another one. A primary that was cut off
 * and replaced may go on answering us.
 */
export async function watchPrimary(
  target: StandaloneTarget,
  { connection, primary, name, marks, signal }: PrimaryWatchOptions,
): Promise<Disposable> {
  const link = await Link.open(primary, { signal, silenceMs, name: `${name}:watch` })
  const look = async (): Promise<void> => {
    const at = performance.now()
    const info = await link.call(['INFO', 'replication'])
    const { role, replid, offset } = replicationOf(parseInfo(Buffer.isBuffer(info) ? info.toString() : ''))
    if (role === 'replica' || (await isReplaced(connection, primary, signal)))
      target.abandon(makeFailure('target.read-only', { address: link.address }))
    else if (replid !== null) marks.note(primaryMark, { at, replid, offset })
  }
  try {
    await look()
  } catch (thrown) {
    link.close()
    throw thrown
  }
  const repeating = repeat(everyMs, look, (thrown) => target.abandon(toFailure(thrown)))
  return {
    [Symbol.dispose]: () => {
      repeating[Symbol.dispose]()
      link.close()
    },
  }
}

/** Under which the marks of whoever is primary are noted: their streams have names of their own. */
export const primaryMark = 'primary'

/** Sentinels that do not answer, or name nobody, say nothing against the primary that we have. */
async function isReplaced(
  connection: Connection,
  primary: Connection,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { host, port } = await resolve(connection, { signal })
    return host !== primary.host || port !== primary.port
  } catch (thrown) {
    if (thrown instanceof FailureError) return false
    throw thrown
  }
}
