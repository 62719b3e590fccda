import { fail } from '#contract/failure.ts'
import type { CannotHoldPolicy, FieldExpiryPolicy, Loss } from '#contract/loss.ts'
import { kindOf, type as rdbType } from '../rdb/opcodes.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import type { Demands, Tally } from './demands.ts'

/** What to do about what a target cannot hold. */
export interface LossPolicies {
  readonly cannotHold: CannotHoldPolicy
  readonly fieldExpiry: FieldExpiryPolicy
}

/** What a target was seen to hold. */
export type Holding = Pick<
  Capabilities,
  'restoreTypes' | 'access' | 'functions' | 'streams' | 'hashFieldExpiry' | 'expiryMilliseconds'
> & {
  /** Types of modules that it can load. */
  readonly modules: ReadonlySet<string>
}

/** What of a file's demands a target cannot meet, whole keys first. */
export function findLosses(
  demands: Demands,
  holding: Holding,
  { fieldExpiry }: LossPolicies,
): readonly Loss[] {
  const losses: Loss[] = []
  const lose = (what: Loss['what'], tally: Tally, becomes: Loss['becomes'], type?: string): void => {
    const { count, examples } = tally
    if (count > 0) losses.push({ what, ...(type === undefined ? {} : { type }), count, examples, becomes })
  }
  if (!holding.streams) lose('stream', demands.streams, 'left-out')
  const { functions, oldFunctions } = demands
  lose('function', holding.functions ? oldFunctions : merged(functions, oldFunctions), 'left-out')
  for (const [name, tally] of demands.modules)
    if (!holding.modules.has(name)) lose('module', tally, 'left-out', name)
  lose('large-module', demands.largeModules, 'left-out')
  if (!holding.hashFieldExpiry)
    lose('field-expiry', demands.expiringHashes, fieldExpiry === 'drop' ? 'dropped' : 'left-out')
  if (holding.streams) {
    const asValue = holding.restoreTypes.some((code) => kindOf(code) === 'stream')
    if (!keepsCounters(holding)) lose('stream-counters', demands.streamsSince7, 'dropped')
    lose('consumer-times', consumerTimesLost(demands, holding, asValue), 'dropped')
  }
  if (!holding.access) lose('access', merged(demands.access, demands.bigAccess), 'dropped')
  else lose('access', demands.bigAccess, 'dropped')
  if (!holding.expiryMilliseconds) lose('expiry-milliseconds', demands.expiryMilliseconds, 'dropped')
  lose('module-data', demands.moduleData, 'dropped')
  return losses
}

/** A server that reads the second version of streams (7.0) keeps them, and has commands for them. */
function keepsCounters({ restoreTypes, functions }: Holding): boolean {
  return functions || restoreTypes.includes(rdbType.STREAM_LISTPACKS_2)
}

/** As values streams keep all that their version has; as commands nobody can say when a consumer was there. */
function consumerTimesLost(demands: Demands, { restoreTypes }: Holding, asValue: boolean): Tally {
  if (!asValue) return demands.streams
  return restoreTypes.includes(rdbType.STREAM_LISTPACKS_3)
    ? demands.bigStreams
    : merged(demands.streamsSince72, demands.bigStreams)
}

function merged(one: Tally, other: Tally): Tally {
  return { count: one.count + other.count, examples: [...one.examples, ...other.examples].slice(0, 5) }
}

/**
 * Fails with `target.lacks-types` where something would be left out that the policies do not allow to be.
 * `address` and `version` are the target's.
 */
export function assertAllowed(
  losses: readonly Loss[],
  { cannotHold, fieldExpiry }: LossPolicies,
  { address, version }: { readonly address: string; readonly version: string },
): void {
  const refused = losses.filter(
    ({ what, becomes }) =>
      becomes === 'left-out' && (what === 'field-expiry' ? fieldExpiry : cannotHold) === 'stop',
  )
  if (refused.length === 0) return
  const count = refused.reduce((sum, loss) => sum + loss.count, 0)
  fail('target.lacks-types', { address, version, count, losses: refused.map(lossText).join('; ') })
}

/** Such as `stream 2 (a, b)`. */
function lossText({ what, type, count, examples }: Loss): string {
  const more = count > examples.length ? ', …' : ''
  const names = examples.length === 0 ? '' : ` (${examples.join(', ')}${more})`
  return `${what}${type === undefined || type === '' ? '' : ` ${type}`} ${count}${names}`
}
