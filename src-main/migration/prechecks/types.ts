import { escapeKey } from '#contract/escape-key.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { keyspaceOf } from '#engine/redis/info.ts'
import { atLeast } from '#engine/redis/version.ts'
import { onBoth, passed, warning, type Reached } from './context.ts'

const scanCount = 1_000
const lookingMs = 3_000

/** Has the source what the target has no type for: streams (5.0), fields that expire (Redis 7.4, Valkey 9.0)? */
export const types = onBoth('types', 'both', async (source, target) => {
  const { address, version } = target.facts
  if (!atLeast(version, 5, 0) && atLeast(source.facts.version, 5, 0)) {
    const key = await findStream(source)
    if (key !== null) return warning('types-no-streams', { address, key: escapeKey(key) })
  }
  const hashes = Object.values(keyspaceOf(source.info)).reduce((sum, db) => sum + db.expiringHashes, 0)
  if (hashes > 0 && !expiresFields(target)) return warning('types-fields-stay', { address, hashes })
  return passed('types-fit')
})

function expiresFields({ facts: { flavour, version } }: Reached): boolean {
  return flavour === 'valkey' ? atLeast(version, 9, 0) : atLeast(version, 7, 4)
}

/** Looks for a few seconds at most; null where none was found. */
async function findStream({ connection, info }: Reached): Promise<Buffer | null> {
  await using control = await openControl(connection, { name: 'kf:check' })
  const deadline = Date.now() + lookingMs
  for (const db of Object.keys(keyspaceOf(info))) {
    await control.call('SELECT', db)
    let cursor = '0'
    do {
      const [next, keys] = (await control.callBuffer('SCAN', cursor, 'COUNT', scanCount)) as unknown as [
        Buffer,
        readonly Buffer[],
      ]
      const found = await firstStream(control, keys)
      if (found !== null) return found
      cursor = next.toString()
    } while (cursor !== '0' && Date.now() < deadline)
  }
  return null
}

async function firstStream(control: Control, keys: readonly Buffer[]): Promise<Buffer | null> {
  const found = await Promise.all(keys.map((key) => control.call('TYPE', key)))
  return keys[found.indexOf('stream')] ?? null
}
