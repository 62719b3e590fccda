import type { Connection, ServerFacts } from '#contract/connection.ts'
import { toFailure, type Failure } from '#contract/failure.ts'
import type { FindingCode } from '#contract/finding.ts'
import type { CheckId, CheckResult, CheckSide, CheckState, Mend } from '#contract/precheck.ts'
import type { ProfileOptions } from '#contract/profile.ts'
import type { SyncSpec } from '#contract/sync.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { parseInfo, type Info } from '#engine/redis/info.ts'
import { mayQueue, mayRun } from '#engine/redis/permission.ts'
import { probeThrough } from '#engine/redis/probe.ts'

/** A side that could be reached: what one look told, and a connection for more questions. */
export interface Reached {
  readonly control: Control
  /** For a check that needs a connection of its own. */
  readonly connection: Connection
  readonly facts: ServerFacts
  readonly info: Info
}

/** What the checks look at. A side that cannot be reached is a failure, for all of them alike. */
export interface CheckContext extends AsyncDisposable {
  readonly source: Promise<Reached | Failure>
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
  readonly others: { readonly source: string | null; readonly target: string | null }
}

/** A check's word on what it saw; the command is one a person can copy to mend it. */
export interface Finding {
  readonly state: Exclude<CheckState, 'running'>
  readonly finding: FindingCode
  readonly params?: CheckResult['params']
  readonly failure?: Failure
  readonly command?: string
  readonly mend?: Mend
}

export interface Check {
  readonly id: CheckId
  readonly side: CheckSide
  readonly run: (context: CheckContext) => Promise<Finding>
}

export interface CheckRequest {
  readonly source: Connection
  readonly target: Connection
  readonly options: ProfileOptions
  readonly resuming: boolean
  readonly task: CheckedTask
  readonly signal?: AbortSignal | undefined
}

export function openContext({ source, target, options, resuming, task, signal }: CheckRequest): CheckContext {
  const reached = { source: reach(source, signal), target: reach(target, signal) }
  return {
    ...reached,
    options,
    mode: modeOf(reached.source, options, task),
    resuming,
    task,
    async [Symbol.asyncDispose]() {
      for (const side of await Promise.all([reached.source, reached.target]))
        if ('control' in side) side.control.close()
    },
  }
}

/** Of a task that has begun, what it began with: a source frozen by us lets us do more than it will. */
async function modeOf(
  source: Promise<Reached | Failure>,
  { mode }: ProfileOptions,
  { mode: begun }: CheckedTask,
): Promise<SyncSpec['mode']> {
  if (begun !== null || mode !== 'auto') return begun ?? (mode === 'scan' ? 'scan' : 'stream')
  const reached = await source
  return 'control' in reached && !(await mayFollow(reached.control).catch(() => true)) ? 'scan' : 'stream'
}

/** May our account ask for the replication stream? */
export async function mayFollow(control: Control): Promise<boolean> {
  return (await mayRun(control, 'PSYNC', '?', '-1')) ?? (await mayQueue(control, 'PSYNC', '?', '-1'))
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

/** A check that needs one side: passed over while that cannot be reached. */
export function onSide(
  id: CheckId,
  side: 'source' | 'target',
  look: (reached: Reached, context: CheckContext) => Finding | Promise<Finding>,
): Check {
  return {
    id,
    side,
    async run(context) {
      const reached = await context[side]
      return 'control' in reached ? look(reached, context) : unreached(side)
    },
  }
}

/** A check that needs both. */
export function onBoth(
  id: CheckId,
  side: CheckSide,
  look: (source: Reached, target: Reached, context: CheckContext) => Finding | Promise<Finding>,
): Check {
  return {
    id,
    side,
    async run(context) {
      const [source, target] = await Promise.all([context.source, context.target])
      if (!('control' in source)) return unreached('source')
      if (!('control' in target)) return unreached('target')
      return look(source, target, context)
    },
  }
}

function unreached(side: 'source' | 'target'): Finding {
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
