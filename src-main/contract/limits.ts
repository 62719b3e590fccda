import { z } from 'zod'

/** How much a whole restore may ask of its target, all connections together. What is not given is not limited. */
export const limitsSchema = z.strictObject({
  /** Bytes of commands a second. */
  bytesPerSecond: z.int().min(1024).optional(),
  keysPerSecond: z.int().min(1).optional(),
  /**
   * The target is asked once a second: when its answer takes longer than this, ms, or its memory is nearly used up,
   * the restore slows down by half, and step by step goes faster again when the target is well.
   */
  latencyMs: z.int().min(1).optional(),
})
export type Limits = z.infer<typeof limitsSchema>

/**
 * How many keys a second a source that is read key by key is asked for, while all of them are gone through; null is as many
 * as it answers. Those that it tells of as changed come on top.
 */
export const scanPaceSchema = z.int().min(1).max(10_000_000).nullable()
/** What one thread of a server hardly feels. */
export const defaultScanPace = 20_000

/** What holds a restore back: one of its limits, or the target's memory. */
export type LimitedBy = 'bytes' | 'keys' | 'latency' | 'memory'

/** What a restore can be told while it runs. `limits` takes the place of those before it, all of them. */
export type RestoreOrder =
  | { readonly type: 'limits'; readonly limits: Limits }
  | { readonly type: 'pause' }
  | { readonly type: 'go-on' }
