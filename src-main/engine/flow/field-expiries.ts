import { theKey } from '../resp/encode.ts'
import type { DbLink } from '../verify/db-link.ts'
import { assertHere } from './assert-here.ts'

const fieldsAtOnce = 1_000

/**
 * Goes through the expiries of the fields of those keys that are hashes (Redis 7.4, Valkey 9.0) and sets the time
 * that `wanted` gives for each; null, or the same, leaves a field as it is.
 */
export async function changeFieldExpiries(
  db: number,
  keys: readonly Buffer[],
  link: Pick<DbLink, 'address' | 'ask' | 'askAll' | 'askEach'>,
  wanted: (expiry: number, key: Buffer) => number | null,
): Promise<void> {
  const types = await link.askEach(db, keys, [['TYPE', theKey]])
  assertHere(types, link.address)
  for (const key of keys.filter((_, index) => String(types[index]) === 'hash')) {
    const names = (await link.ask(db, ['HKEYS', key])) as unknown as readonly Buffer[]
    for (let at = 0; at < names.length; at += fieldsAtOnce) {
      const some = names.slice(at, at + fieldsAtOnce)
      const told = await link.askAll(db, [['HPEXPIRETIME', key, 'FIELDS', some.length, ...some]])
      assertHere(told, link.address)
      const [expiries] = told
      if (!Array.isArray(expiries)) continue
      await link.askAll(
        db,
        some.flatMap((name, index) => {
          const expiry = Number(expiries[index])
          const time = expiry > 0 ? wanted(expiry, key) : null
          return time === null || time === expiry ? [] : [['HPEXPIREAT', key, time, 'FIELDS', 1, name]]
        }),
      )
    }
  }
}
