import type { ServerFacts } from '#contract/connection.ts'
import { escapeKey } from '#contract/escape-key.ts'
import { FailureError, isOfTheLink } from '#contract/failure.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { onSide, passed, warning } from './context.ts'

/** Bytes in the source's memory from which one key holds up others while it is written and compared. */
const big = 64 * 1024 * 1024
const looksPerDb = 200
const lookingMs = 3_000

interface Looked {
  readonly looked: number
  readonly key: string
  readonly bytes: number
}

/** Looks at some keys of each database, as chance has it, for a few seconds at most. MEMORY USAGE: since 4.0. */
export const sourceBigKeys = onSide('source-big-keys', 'source', async ({ connection, facts }) => {
  try {
    await using control = await openControl(connection, { name: 'kf:check' })
    const found = await lookAtSome(control, facts.keysPerDb)
    return found.bytes >= big
      ? warning('big-keys-found', { ...found })
      : passed('big-keys-none', { ...found })
  } catch (thrown) {
    if (thrown instanceof FailureError && !isOfTheLink(thrown.failure)) return passed('big-keys-unknown')
    throw thrown
  }
})

async function lookAtSome(control: Control, dbs: ServerFacts['keysPerDb']): Promise<Looked> {
  const deadline = Date.now() + lookingMs
  let found: Looked = { looked: 0, key: '', bytes: 0 }
  for (const [db, { keys }] of Object.entries(dbs)) {
    await control.call('SELECT', db)
    for (let look = 0; look < Math.min(looksPerDb, keys) && Date.now() < deadline; look += 1) {
      const key = await control.callBuffer('RANDOMKEY')
      if (!Buffer.isBuffer(key)) break
      // A large collection is judged by a few of its elements.
      const bytes = Number((await control.call('MEMORY', 'USAGE', key, 'SAMPLES', 5)) ?? 0)
      const looked = found.looked + 1
      found = bytes > found.bytes ? { looked, key: escapeKey(key), bytes } : { ...found, looked }
    }
  }
  return found
}
