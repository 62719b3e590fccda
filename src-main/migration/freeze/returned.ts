import { FailureError } from '#contract/failure.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import type { Control, ControlOptions } from '#engine/redis/control.ts'
import { topologyThrough } from '#engine/redis/probe.ts'
import { readAuthState, type AuthState } from './auth-state.ts'
import type { FreezeRecord, NodeRecord } from './record.ts'
import { replicasKnownTo } from './sentinels.ts'
import { signInAnyhow, type Place } from './sign-in.ts'

/** The servers of a frozen source that were away when it was frozen anew. */
export function leftOut({ nodes, byHand }: FreezeRecord): readonly NodeRecord[] {
  return byHand ? [] : nodes.filter(({ gone, forgotten }) => gone === true && forgotten !== true)
}

/**
 * How a server stands that was left out, if it is back among the others; null where it is not. It has started with its former
 * password: Sentinels, who know only the new one, cannot have it follow their primary, nor can it sign in there.
 */
export async function lookReturned(
  record: FreezeRecord,
  node: Place,
  options: ControlOptions,
): Promise<AuthState | null> {
  try {
    await using control = await signInAnyhow(record, options, node)
    const state = await readAuthState(control)
    return (await belongs(control, state, record, node, options.signal)) ? state : null
  } catch (thrown) {
    // Away, or it refuses us: it is looked for again.
    if (thrown instanceof FailureError) return null
    throw thrown
  }
}

/** Of those that were left out who is back. */
export async function returnedTo(
  record: FreezeRecord,
  options: ControlOptions,
): Promise<readonly NodeRecord[]> {
  const looks = await Promise.all(
    leftOut(record).map(async (node) => ({ node, state: await lookReturned(record, node, options) })),
  )
  return looks.flatMap(({ node, state }) => (state === null ? [] : [{ ...node, runId: state.runId }]))
}

/** One that was taken out for good, and serves somebody else by now, is none of ours. */
async function belongs(
  control: Control,
  { info, role }: AuthState,
  record: FreezeRecord,
  node: Place,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const isOther = (place: Place): boolean =>
    hostAndPort(place) !== hostAndPort(node) &&
    record.nodes.some((one) => hostAndPort(one) === hostAndPort(place))
  if (info.get('cluster_enabled') === '1')
    return (await topologyThrough(control, node.host)).nodes.some(isOther)
  if (
    role === 'replica' &&
    isOther({ host: info.get('master_host') ?? '', port: Number(info.get('master_port')) })
  )
    return true
  return (await replicasKnownTo(record, signal)).some((place) => hostAndPort(place) === hostAndPort(node))
}
