import type { BigValueOptions } from '../rdb/big-value.ts'
import type { TargetLook } from '../target/look.ts'

/** Which commands of later versions a target knows that large values are written with. */
export function bigValueCommands({
  versionNumber,
  flavour,
  version,
}: Pick<TargetLook, 'versionNumber' | 'flavour' | 'version'>): Partial<BigValueOptions> {
  return {
    hashSetTakesMany: versionNumber >= 400,
    streamConsumers: versionNumber >= 602,
    streamOffsets: versionNumber >= 700,
    // Valkey stands for Redis 7.2 but has had expiring fields since its own 9.0.
    hashFieldExpiry: versionNumber >= 704 || (flavour === 'valkey' && Number.parseInt(version, 10) >= 9),
  }
}
