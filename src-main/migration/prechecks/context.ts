import { addressOf, type Connection, type ServerFacts } from '#contract/connection.ts'
import { FailureError, toFailure, type Failure } from '#contract/failure.ts'
import type { FindingCode } from '#contract/finding.ts'
import type { CheckId, CheckResult, CheckSide, CheckState, Mend, NodeFinding } from '#contract/precheck.ts'
import type { ProfileOptions } from '#contract/profile.ts'
import type { SyncSpec } from '#contract/sync.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { parseInfo, type Info } from '#engine/redis/info.ts'
import { mayPsync, mayQueue, mayRun } from '#engine/redis/permission.ts'
import { identityOf, probeThrough } from '#engine/redis/probe.ts'
import { atLeast } from '#engine/redis/version.ts'
import type { Holders } from '../admission.ts'
import { mastersThrough } from '../source-nodes.ts'
import { together } from './together.ts'

/** A side that could be reached: what one look told, and a connection for more questions. */
export interface Reached {
  readonly control: Control
  /** For a check that needs a connection of its own. */
  readonly connection: Connection
  readonly facts: ServerFacts
  readonly info: Info
}

/** A server of a side, or why it cannot be reached. */
export interface LookedFor {
  readonly address: string
  readonly reached: Reached | Failure
}

/** What the checks look at. A server that cannot be reached is a failure, for all of them alike. */
export interface CheckContext extends AsyncDisposable {
  /** How many sources were named: a cluster is one. */
  readonly sourceCount: number
  /** Each server that is followed: the masters of a cluster, whichever of its nodes was named. */
  readonly sources: Promise<readonly LookedFor[]>
  /** Each server that takes keys: itself, or the masters of a cluster. */
  readonly targets: Promise<readonly LookedFor[]>
  /** All of these as if they were one. */
  readonly target: Promise<Reached | Failure>
  readonly options: ProfileOptions
  /** How the source will be read; by the stream as long as it cannot be asked. */
  readonly mode: Promise<SyncSpec['mode']>
  /** The task ran before: the target holds its keys, and settings are set already. */
  readonly resuming: boolean
  readonly task: CheckedTask
}

/** What the checks have to know of the task they are made for. */
export interface CheckedTask {
  readonly id: string
  /** Where it keeps the received stream; its nearest folder that is there tells the disk. */
  readonly folder: string
  /** How its source is read, once that is settled. */
  readonly mode: SyncSpec['mode'] | null
  /** The names of other tasks, begun and not over, that have hold of the same server. */
  readonly others: Holders
}

/** A check's word on what it saw; the command is one a person can copy to mend it. */
export interface Finding extends Omit<NodeFinding, 'address'> {
  /** Of several servers: what was found at each. */
  readonly nodes?: readonly NodeFinding[]
}

export interface Check {
  readonly id: CheckId
  readonly side: CheckSide
  readonly run: (context: CheckContext) => Promise<Finding>
}

export interface CheckRequest {
  readonly sources: readonly Connection[]
  readonly target: Connection
  readonly options: ProfileOptions
  readonly resuming: boolean
  readonly task: CheckedTask
  readonly signal?: AbortSignal | undefined
  /** Told the run ids of all servers that could be reached. */
  readonly onServers?: (runIds: readonly string[]) => void
}

export function openContext({
  sources,
  target,
  options,
  resuming,
  task,
  signal,
}: CheckRequest): CheckContext {
  const sides = { sources: lookForAll(sources, signal), targets: lookForAll([target], signal) }
  return {
    sourceCount: sources.length,
    ...sides,
    target: sides.targets.then(together),
    options,
    mode: modeOf(sides.sources, options, task),
    resuming,
    task,
    async [Symbol.asyncDispose]() {
      const looked = [...(await sides.sources), ...(await sides.targets)]
      for (const { reached } of looked) if ('control' in reached) reached.control.close()
    },
  }
}

/**
 * Of a task that has begun, what it began with: a source frozen by us lets us do more than it will. All sources are read in
 * the same way: key by key where one of them cannot be followed.
 */
async function modeOf(
  sources: Promise<readonly LookedFor[]>,
  { mode }: ProfileOptions,
  { mode: begun }: CheckedTask,
): Promise<SyncSpec['mode']> {
  if (begun !== null || mode !== 'auto') return begun ?? (mode === 'scan' ? 'scan' : 'stream')
  const reached = (await sources).flatMap(({ reached: one }) => ('control' in one ? [one.control] : []))
  const follows = await Promise.all(reached.map((control) => mayFollow(control).catch(() => true)))
  return follows.every(Boolean) ? 'stream' : 'scan'
}

/** May our account ask for the replication stream? Before 2.8 by SYNC, and a moment is found in it by PUBLISH. */
export async function mayFollow(control: Control): Promise<boolean> {
  const { version } = identityOf(parseInfo(String(await control.call('INFO').catch(() => ''))))
  const isTold = await mayRun(control, 'PSYNC', '?', '-1')
  const ask = (): Promise<boolean> =>
    version !== '' && atLeast(version, 7, 0) ? mayPsync(control) : mayQueue(control, 'PSYNC', '?', '-1')
  if (isTold ?? (await ask())) return true
  if (version === '' || atLeast(version, 2, 8)) return false
  return (await mayQueue(control, 'SYNC')) && (await mayQueue(control, 'PUBLISH', 'kf:check', ''))
}

async function lookForAll(
  sources: readonly Connection[],
  signal: AbortSignal | undefined,
): Promise<readonly LookedFor[]> {
  const found = await Promise.all(
    sources.map(async (source): Promise<readonly LookedFor[]> => {
      const first = { address: addressOf(source), reached: await reach(source, signal) }
      if (!('control' in first.reached) || first.reached.facts.mode !== 'cluster') return [first]
      const { control } = first.reached
      try {
        const masters = await mastersThrough(control, source)
        // None has a slot yet: the node itself is all there is to tell of.
        if (masters.length === 0) return [{ ...first, reached: await reach(source, signal) }]
        return await Promise.all(
          masters.map(async (one) => ({ address: addressOf(one), reached: await reach(one, signal) })),
        )
      } catch (thrown) {
        return [{ ...first, reached: toFailure(thrown) }]
      } finally {
        control.close()
      }
    }),
  )
  return found.flat()
}

async function reach(connection: Connection, signal: AbortSignal | undefined): Promise<Reached | Failure> {
  try {
    const control = await openControl(connection, { signal, name: 'kf:check' })
    try {
      const facts = await probeThrough(control, connection)
      return {
        control,
        connection,
        facts,
        info: parseInfo(String(await control.call('INFO').catch(() => ''))),
      }
    } catch (thrown) {
      control.close()
      throw thrown
    }
  } catch (thrown) {
    return toFailure(thrown)
  }
}

/** A check that needs one side, at each of its servers: passed over while that cannot be reached. */
export function onSide(
  id: CheckId,
  side: 'source' | 'target',
  look: (reached: Reached, context: CheckContext) => Finding | Promise<Finding>,
): Check {
  return {
    id,
    side,
    async run(context) {
      const servers = side === 'source' ? context.sources : context.targets
      return await ofEach(side, await servers, (reached) => look(reached, context))
    },
  }
}

/** A check of the target as a whole. */
export function onTarget(
  id: CheckId,
  look: (target: Reached, context: CheckContext) => Finding | Promise<Finding>,
): Check {
  return {
    id,
    side: 'target',
    async run(context) {
      const target = await context.target
      return 'control' in target ? look(target, context) : unreached('target')
    },
  }
}

/** A check that needs the target, and each server of the source beside it. */
export function onBoth(
  id: CheckId,
  side: CheckSide,
  look: (source: Reached, target: Reached, context: CheckContext) => Finding | Promise<Finding>,
): Check {
  return {
    id,
    side,
    async run(context) {
      const [sources, target] = await Promise.all([context.sources, context.target])
      if (!('control' in target)) return unreached('target')
      return await ofEach('source', sources, (source) => look(source, target, context))
    },
  }
}

/**
 * A check of each server of the source beside each of the target. Where both are several, the gravest beside each of the
 * target's is told of that.
 */
export function onPairs(
  id: CheckId,
  side: CheckSide,
  look: (source: Reached, target: Reached, context: CheckContext) => Finding | Promise<Finding>,
): Check {
  return {
    id,
    side,
    async run(context) {
      const [sources, targets] = await Promise.all([context.sources, context.targets])
      const beside = (target: Reached): Promise<Finding> =>
        ofEach('source', sources, (source) => look(source, target, context))
      if (targets.length > 1)
        return await ofEach('target', targets, async (target) => {
          const { nodes: _sources, ...gravest } = await beside(target)
          return gravest
        })
      const [only] = targets
      return only !== undefined && 'control' in only.reached
        ? await beside(only.reached)
        : unreached('target')
    },
  }
}

/** A check of all that the servers of the source are and hold together. */
export function onAll(
  id: CheckId,
  side: CheckSide,
  look: (sources: readonly Reached[], target: Reached, context: CheckContext) => Finding | Promise<Finding>,
): Check {
  return {
    id,
    side,
    async run(context) {
      const [sources, target] = await Promise.all([context.sources, context.target])
      const reached = sources.flatMap((one) => ('control' in one.reached ? [one.reached] : []))
      if (reached.length < sources.length) return unreached('source')
      if (!('control' in target)) return unreached('target')
      return look(reached, target, context)
    },
  }
}

/** What each of them told, added up. */
export function sumOf(sources: readonly Reached[], of: (source: Reached) => number | null): number {
  return sources.reduce((sum, source) => sum + (of(source) ?? 0), 0)
}

async function ofEach(
  side: 'source' | 'target',
  servers: readonly LookedFor[],
  look: (reached: Reached) => Finding | Promise<Finding>,
): Promise<Finding> {
  const findings = await Promise.all(
    servers.map(async ({ address, reached }) => ({
      address,
      ...('control' in reached ? await orFailed(() => look(reached)) : unreached(side)),
    })),
  )
  return worstOf(findings)
}

const worstFirst: readonly CheckState[] = ['failed', 'timed-out', 'skipped', 'warning', 'passed']

/** The gravest of what was found at several servers, and all of it beside that. */
export function worstOf(nodes: readonly NodeFinding[]): Finding {
  const [worst] = [...nodes].sort(
    (one, other) => worstFirst.indexOf(one.state) - worstFirst.indexOf(other.state),
  )
  const { address: _where, ...finding } = worst!
  return nodes.length === 1 ? finding : { ...finding, nodes }
}

/** A check that a failure of the catalogue ended has failed with that. */
export async function orFailed(look: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await look()
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown
    const { failure } = thrown
    return { state: 'failed', finding: 'not-reachable', params: failure.params, failure }
  }
}

export function unreached(side: 'source' | 'target'): Finding {
  return { state: 'skipped', finding: 'waits-for-connection', params: { side } }
}

export function passed(finding: FindingCode, params: CheckResult['params'] = {}): Finding {
  return { state: 'passed', finding, params }
}

export function warning(finding: FindingCode, params: CheckResult['params'] = {}, command?: string): Finding {
  return { state: 'warning', finding, params, ...(command !== undefined && { command }) }
}

export function failed(finding: FindingCode, params: CheckResult['params'] = {}, command?: string): Finding {
  return { state: 'failed', finding, params, ...(command !== undefined && { command }) }
}

/** A warning that a setting mends. */
export function settable(finding: FindingCode, params: CheckResult['params'], mend: Mend): Finding {
  return { ...warning(finding, params, `CONFIG SET ${mend.name} "${mend.value}"`), mend }
}
