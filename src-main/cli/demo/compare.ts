import type { Control } from '#engine/redis/control.ts'
import type { SampleData } from '#console/practice/sample-data.ts'

/** One thing both servers were asked for. */
export interface Comparison {
  readonly what: string
  readonly equal: boolean
}

/**
 * Asks both servers for what proves that they hold the same. The digest alone is not enough: it sees neither
 * expiries nor the groups of streams nor functions.
 */
export async function compareServers(
  source: Control,
  target: Control,
  { expiring, streams }: SampleData,
  major: number,
): Promise<readonly Comparison[]> {
  const both = async (what: string, ask: (server: Control) => Promise<unknown>): Promise<Comparison> => {
    const [ours, theirs] = await Promise.all([ask(source), ask(target)])
    return { what, equal: JSON.stringify(ours) === JSON.stringify(theirs) }
  }
  const comparisons = [
    await both('keys in every database', async (server) =>
      String(await server.call('INFO', 'keyspace')).match(/db\d+:keys=\d+,expires=\d+/g),
    ),
    await both('every key and value (DEBUG DIGEST)', (server) => server.call('DEBUG', 'DIGEST')),
    await both('consumer groups and unanswered entries (XINFO STREAM FULL)', (server) =>
      inDatabases(streams, server, async (key) =>
        withoutLayout(await server.call('XINFO', 'STREAM', key, 'FULL')),
      ),
    ),
  ]
  if (major >= 7) {
    comparisons.push(
      await both('the moment each key expires (PEXPIRETIME)', (server) =>
        inDatabases(expiring, server, (key) => server.call('PEXPIRETIME', key)),
      ),
      await both('functions (FUNCTION DUMP)', async (server) =>
        String((await server.callBuffer('FUNCTION', 'DUMP')) as Buffer),
      ),
    )
  }
  return comparisons
}

async function inDatabases<T>(
  places: SampleData['expiring'],
  server: Control,
  ask: (key: string) => Promise<T>,
): Promise<readonly T[]> {
  const answers: T[] = []
  for (const db of new Set(places.map(([db]) => db))) {
    await server.call('SELECT', db)
    const keys = places.filter(([of]) => of === db).map(([, key]) => key)
    answers.push(...(await Promise.all(keys.map(ask))))
  }
  await server.call('SELECT', 0)
  return answers
}

/** Redis tells how large its memory structures happen to be; that is not part of the data. */
function withoutLayout(reply: unknown): unknown {
  if (!Array.isArray(reply)) return reply
  return reply.map((one, at) =>
    reply[at - 1] === 'radix-tree-keys' || reply[at - 1] === 'radix-tree-nodes' ? null : withoutLayout(one),
  )
}
