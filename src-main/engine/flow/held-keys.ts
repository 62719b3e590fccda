import { toFailure } from '#contract/failure.ts'
import type { Control } from '../redis/control.ts'
import { keyspaceOfServer } from '../redis/keyspace.ts'
import type { DbKey } from './checkpoint.ts'
import type { FollowedRules } from './followed-rules.ts'

/**
 * Which of these keys of the target a source has now, and has go along by the rules (null: everything does). A cluster's
 * master has none of another's. Rejects as control connections do, and with `source.databases-meet`.
 */
export async function heldAmong(
  control: Control,
  keys: readonly DbKey[],
  rules: FollowedRules | null,
): Promise<readonly boolean[]> {
  const there = new Set(Object.keys(await keyspaceOfServer(control)).map(Number))
  rules?.noteDatabases(there)
  const asked = keys.map((key) =>
    (rules === null ? [key] : rules.originsOf(key)).filter(({ db }) => there.has(db)),
  )
  const types = await Promise.all(
    asked.flat().map(async ({ db, key }) => {
      // The control connection is shared: SELECT and TYPE must not be parted by another's command.
      const [, type] = await Promise.all([
        control.call('SELECT', db),
        control.call('TYPE', key).catch((thrown: unknown) => {
          if (toFailure(thrown).code !== 'target.slot-moving') throw thrown
          return 'none'
        }),
        control.call('SELECT', 0),
      ])
      return String(type)
    }),
  )
  let at = 0
  return asked.map((some) => {
    const told = types.slice(at, (at += some.length))
    return told.some((type) => type !== 'none' && (rules?.wantsType(type) ?? true))
  })
}
