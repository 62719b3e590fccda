import { checkIds, type CheckResult } from '#contract/precheck.ts'
import {
  openContext,
  orFailed,
  type Check,
  type CheckContext,
  type CheckRequest,
  type Finding,
} from './context.ts'
import { sourceBigKeys } from './big-keys.ts'
import { sourceBusy } from './busy.ts'
import { clocks } from './clocks.ts'
import { sourceConfig } from './config.ts'
import { targetDatabases } from './databases.ts'
import { targetEmpty } from './empty.ts'
import { sourceEvents } from './events.ts'
import { functions } from './functions.ts'
import { localDisk } from './local-disk.ts'
import { targetMemory } from './memory.ts'
import { modules } from './modules.ts'
import { sourceOtherTask, targetOtherTask } from './other-task.ts'
import { targetPersistence } from './persistence.ts'
import { policies } from './policies.ts'
import { sourcePsync } from './psync.ts'
import { reachable } from './reachable.ts'
import { sourceReplica } from './replica.ts'
import { sourceFreeze, sourceRights, targetRights } from './rights.ts'
import { sourceRole, targetRole } from './role.ts'
import { notSameServer } from './same-server.ts'
import {
  sourceBacklog,
  sourceIdleTimeout,
  sourceOutputBuffer,
  sourceTimeout,
  targetEviction,
  targetIdleTimeout,
  targetValueSize,
} from './setting.ts'
import { shape } from './shape.ts'
import { sourceSharedKeys } from './shared-keys.ts'
import { sourceSnapshot } from './snapshot.ts'
import { types } from './types.ts'
import { sourceVersion, targetVersion } from './version.ts'
import { rules } from './rules.ts'
import { wayBack } from './way-back.ts'
import { targetWritable } from './writable.ts'

const checks: readonly Check[] = [
  reachable('source'),
  sourceRole,
  sourceVersion,
  sourcePsync,
  sourceReplica,
  sourceEvents,
  sourceConfig,
  sourceBacklog,
  sourceOutputBuffer,
  sourceTimeout,
  sourceIdleTimeout,
  sourceRights,
  sourceFreeze,
  sourceOtherTask,
  sourceBusy,
  sourceSnapshot,
  sourceBigKeys,
  sourceSharedKeys,
  reachable('target'),
  targetRole,
  targetVersion,
  targetEmpty,
  targetMemory,
  targetEviction,
  targetDatabases,
  targetRights,
  targetOtherTask,
  targetWritable,
  targetPersistence,
  targetValueSize,
  targetIdleTimeout,
  notSameServer,
  clocks,
  modules,
  functions,
  types,
  policies,
  shape,
  wayBack,
  rules,
  localDisk,
]

const deadlineMs = 10_000

/**
 * Runs every check side by side, each for ten seconds at most, and tells the results whenever one has come.
 * `before` are those of an earlier run: a warning accepted then stays accepted while it says the same.
 */
export async function runChecks(
  request: CheckRequest,
  before: readonly CheckResult[],
  onResult: (results: readonly CheckResult[]) => void,
): Promise<readonly CheckResult[]> {
  const results = new Map(checks.map((check) => [check.id, stillRunning(check)]))
  const listed = (): readonly CheckResult[] => checkIds.map((id) => results.get(id)!)
  onResult(listed())
  await using context = openContext(request)
  await Promise.all(
    checks.map(async (check) => {
      const result = resultOf(check, await within(check, context))
      results.set(check.id, { ...result, acceptedAt: acceptedBefore(result, before) })
      onResult(listed())
    }),
  )
  request.signal?.throwIfAborted()
  request.onServers?.(await runIdsIn(context))
  return listed()
}

async function runIdsIn(context: CheckContext): Promise<readonly string[]> {
  const looked = [...(await context.sources), ...(await context.targets)]
  return looked.flatMap(({ reached }) => ('control' in reached ? (reached.facts.runId ?? []) : []))
}

async function within(check: Check, context: CheckContext): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(
      () => resolve({ state: 'timed-out', finding: 'no-answer-in-time', params: { ms: deadlineMs } }),
      deadlineMs,
    )
  })
  try {
    return await Promise.race([orFailed(() => check.run(context)), late])
  } finally {
    clearTimeout(timer)
  }
}

function stillRunning({ id, side }: Check): CheckResult {
  return {
    id,
    side,
    state: 'running',
    finding: 'still-running',
    params: { ms: deadlineMs },
    failure: null,
    command: null,
    mend: null,
    acceptedAt: null,
  }
}

function resultOf(
  { id, side }: Check,
  { state, finding, params, failure, command, mend, nodes }: Finding,
): CheckResult {
  return {
    id,
    side,
    state,
    finding,
    params: params ?? {},
    failure: failure ?? null,
    command: command ?? null,
    mend: mend ?? null,
    ...(nodes !== undefined && { nodes }),
    acceptedAt: null,
  }
}

/** By what it says: the keys to be overwritten, say, must be as many as were accepted. */
function acceptedBefore(result: CheckResult, before: readonly CheckResult[]): number | null {
  const earlier = before.find(({ id }) => id === result.id)
  const same = earlier !== undefined && saying(earlier) === saying(result)
  return result.state === 'warning' && same ? (earlier?.acceptedAt ?? null) : null
}

function saying({ finding, params, nodes = [] }: CheckResult): string {
  return [
    finding,
    consequence(params),
    ...nodes.map((node) => [node.address, node.finding, consequence(node.params)]),
  ]
    .flat()
    .join('\n')
}

function consequence(params: CheckResult['params'] = {}): string {
  return ['keys', 'key', 'commands', 'names', 'libraries'].map((name) => params[name] ?? '').join('\n')
}
