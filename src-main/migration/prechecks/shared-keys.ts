import type { ProfileOptions } from '#contract/profile.ts'
import { escapeKey } from '#contract/escape-key.ts'
import { FailureError, isOfTheLink } from '#contract/failure.ts'
import type { DbKey } from '#engine/flow/checkpoint.ts'
import { FollowedRules, fromSource } from '#engine/flow/followed-rules.ts'
import { heldAmong } from '#engine/flow/held-keys.ts'
import { isOurs } from '#engine/flow/own-keys.ts'
import { openControl } from '#engine/redis/control.ts'
import {
  passed,
  unreached,
  warning,
  type Check,
  type Finding,
  type LookedFor,
  type Reached,
} from './context.ts'

const looksPerDb = 200

interface Server extends Reached {
  readonly address: string
}

/**
 * Do several sources have keys of the same name? The target has room for one of each. Some keys of each database are looked
 * at, as chance has it, and asked for at the other sources, as the rules for keys place them.
 */
export const sourceSharedKeys: Check = {
  id: 'source-shared-keys',
  side: 'source',
  async run({ sourceCount, sources, options }) {
    if (sourceCount < 2) return passed('shared-keys-one-source')
    const servers = (await sources).flatMap(reachedOf)
    if (servers.length < (await sources).length) return unreached('source')
    try {
      return await lookAtSome(servers, options)
    } catch (thrown) {
      if (thrown instanceof FailureError && !isOfTheLink(thrown.failure)) return passed('shared-keys-unknown')
      throw thrown
    }
  },
}

function reachedOf({ address, reached }: LookedFor): readonly Server[] {
  return 'control' in reached ? [{ ...reached, address }] : []
}

async function lookAtSome(servers: readonly Server[], options: ProfileOptions): Promise<Finding> {
  let looked = 0
  let count = 0
  let first: { readonly key: string; readonly one: string; readonly other: string } | null = null
  for (const server of servers) {
    const rules = options.rules === undefined ? null : FollowedRules.of(options.rules, server.address)
    const keys = (await someKeys(server)).flatMap((key) => fromSource(rules, key))
    looked += keys.length
    const shared = new Set<number>()
    for (const other of servers) {
      if (other === server || keys.length === 0) continue
      const held = await heldAmong(other.control, keys, rules)
      for (const [at, isHeld] of held.entries()) {
        if (!isHeld) continue
        shared.add(at)
        first ??= { key: escapeKey(keys[at]!.key), one: server.address, other: other.address }
      }
    }
    count += shared.size
  }
  return first === null
    ? passed('shared-keys-none', { looked })
    : warning('shared-keys-found', { looked, count, ...first })
}

/** Over a connection of its own, which other checks do not have in another database meanwhile. */
async function someKeys({ connection, facts }: Reached): Promise<readonly DbKey[]> {
  await using control = await openControl(connection, { name: 'kf:check' })
  const found = new Map<string, DbKey>()
  for (const [db, { keys }] of Object.entries(facts.keysPerDb)) {
    await control.call('SELECT', db)
    const looks = Array.from({ length: Math.min(looksPerDb, keys) }, () => control.callBuffer('RANDOMKEY'))
    for (const key of await Promise.all(looks))
      if (Buffer.isBuffer(key) && !isOurs(key))
        found.set(`${db} ${key.toString('latin1')}`, { db: Number(db), key })
  }
  return [...found.values()]
}
