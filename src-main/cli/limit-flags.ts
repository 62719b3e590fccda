import type { Command } from 'commander'
import type { Limits } from '#contract/limits.ts'
import { byteCount, wholeNumber } from './option-values.ts'

/** How much may be asked of the target. */
export interface LimitFlags {
  readonly maxBytes?: number
  readonly maxKeys?: number
  readonly maxLatency?: number
}

export function addLimitFlags(command: Command): Command {
  return command
    .option('--max-bytes <size>', 'write at most so much a second, as in 50MB', byteCount(1024))
    .option('--max-keys <number>', 'write at most so many keys a second', wholeNumber(1, 1e9))
    .option(
      '--max-latency <ms>',
      'slow down while the target answers a PING more slowly, or its memory is nearly full',
      wholeNumber(1, 60_000),
    )
}

export function limitFields({ maxBytes, maxKeys, maxLatency }: LimitFlags): { readonly limits: Limits } {
  return {
    limits: {
      ...(maxBytes === undefined ? {} : { bytesPerSecond: maxBytes }),
      ...(maxKeys === undefined ? {} : { keysPerSecond: maxKeys }),
      ...(maxLatency === undefined ? {} : { latencyMs: maxLatency }),
    },
  }
}
