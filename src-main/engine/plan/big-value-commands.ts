import type { BigValueOptions } from '../rdb/big-value.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import type { TargetLook } from '../target/look.ts'

/** Which commands of later versions a target knows that large values are written with. */
export function bigValueCommands(
  { versionNumber }: Pick<TargetLook, 'versionNumber'>,
  { hashFieldExpiry, expiryMilliseconds }: Pick<Capabilities, 'hashFieldExpiry' | 'expiryMilliseconds'>,
): Partial<BigValueOptions> {
  return {
    hashSetTakesMany: versionNumber >= 400,
    streamConsumers: versionNumber >= 602,
    streamOffsets: versionNumber >= 700,
    hashFieldExpiry,
    expiryMilliseconds,
  }
}
