import type { ConvertOptions } from '../rdb/down-convert.ts'
import { isExpiringHash, kindOf, type as rdbType, valkeyHash2, type RdbFlavour } from '../rdb/opcodes.ts'
import type { Capabilities } from '../redis/capabilities.ts'

/** Which values must be made anew before a target can take them. */
export interface Conversion {
  /** By RDB type code: 1 where the target does not read the type. */
  readonly needed: Uint8Array
  readonly options: ConvertOptions
  /** Module types whose values must not be offered to the target: the type code does not tell them apart. */
  readonly lackedModules: ReadonlySet<string>
}

type Holding = Pick<Capabilities, 'restoreTypes' | 'hashFieldExpiry' | 'streams'>

const none: ReadonlySet<string> = new Set()

/** Null where the target reads every type of the file as it is, so that nobody asks. */
export function makeConversion(
  fileTypes: Iterable<number>,
  flavour: RdbFlavour,
  { restoreTypes, hashFieldExpiry, streams }: Holding,
  dropFieldsExpiredBy: number | null = null,
  lackedModules: ReadonlySet<string> = none,
): Conversion | null {
  const takes = new Set(restoreTypes)
  const needed = new Uint8Array(256)
  for (const code of fileTypes)
    if (kindOf(code) === 'module' ? lackedModules.size > 0 : !goesAsItIs(code, flavour, takes))
      needed[code] = 1
  return needed.includes(1)
    ? { needed, options: { takes, hashFieldExpiry, streams, dropFieldsExpiredBy }, lackedModules }
    : null
}

function goesAsItIs(code: number, flavour: RdbFlavour, takes: ReadonlySet<number>): boolean {
  // The same number is another type in a file of Redis 7.4 from before its release.
  if (code === valkeyHash2 && flavour !== 'valkey') return false
  return takes.has(code)
}

/** By RDB type code: 1 where a value of it, however large, has no place in the target. */
export function typesLeftOut(
  { hashFieldExpiry, streams }: Holding,
  dropFieldsExpiredBy: number | null = null,
): Uint8Array {
  const leftOut = new Uint8Array(256)
  for (const code of Object.values(rdbType))
    if (
      (kindOf(code) === 'stream' && !streams) ||
      (isExpiringHash(code) && !hashFieldExpiry && dropFieldsExpiredBy === null)
    )
      leftOut[code] = 1
  return leftOut
}
