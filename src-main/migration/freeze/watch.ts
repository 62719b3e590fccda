import { setTimeout as sleep } from 'node:timers/promises'
import { FailureError } from '#contract/failure.ts'
import type { FreezeBreach } from '#contract/freeze.ts'
import { parseClientList } from '#engine/redis/client-list.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import type { Info } from '#engine/redis/info.ts'
import { readAuthState, type AuthState } from './auth-state.ts'
import { isForeign } from './foreign.ts'
import type { FreezeRecord } from './record.ts'
import { frozenConnection, signInAnyhow } from './sign-in.ts'

/** One look at a frozen source. */
export interface FrozenLook {
  /** Connections that are neither ours nor replicas'. They may be there, but cannot sign in. */
  readonly foreignClients: number
  /**
   * Commands a second of others: attempts to sign in, and what was turned away from those who had not (6.2 and
   * later, else null). Nobody else gets further, and what we ask ourselves is none of it.
   */
  readonly opsPerSecond: number | null
  /** Write commands turned away since the watch began (6.2 and later), else null. */
  readonly refusedWrites: number | null
}

export interface WatchOptions {
  readonly signal: AbortSignal
  readonly onLook: (look: FrozenLook) => void
}

const everyMs = 200
/** How long the source may be out of sight before that is left to the connection to tell. */
const reconnectMs = 500

/**
 * Looks at a frozen source five times a second until it is no longer frozen, and resolves with what broke it;
 * with null once `signal` aborts. A source that cannot be reached is not a breach: it is looked for until it
 * answers, and then judged.
 */
export async function watchFrozen(record: FreezeRecord, options: WatchOptions): Promise<FreezeBreach | null> {
  const { signal } = options
  const counting: Counting = {
    names: null,
    executed: null,
    refused: null,
    refusedSoFar: 0,
    tried: null,
    lookedAt: 0,
    triedPerSecond: null,
  }
  while (!signal.aborted) {
    try {
      await using control = await openControl(frozenConnection(record), {
        signal,
        commandTimeoutMs: 2_000,
        connectTimeoutMs: 2_000,
      })
      const breach = await lookOnAndOn(control, record, counting, options)
      if (breach !== null) return breach
    } catch (thrown) {
      if (signal.aborted) return null
      if (!(thrown instanceof FailureError)) throw thrown
      const code = thrown.failure.code
      if (code.startsWith('auth.')) return (await howBroken(record, signal)) ?? 'password-changed'
      await sleep(reconnectMs, undefined, { signal }).catch(() => undefined)
    }
  }
  return null
}

async function lookOnAndOn(
  control: Control,
  record: FreezeRecord,
  counting: Counting,
  { signal, onLook }: WatchOptions,
): Promise<FreezeBreach | null> {
  counting.names ??= await writeCommandNames(control)
  while (!signal.aborted) {
    const now = await readAuthState(control)
    const breach = breachOf(now, record) ?? (count(now.info, counting) ? 'foreign-client' : null)
    const clients = parseClientList(String(await control.call('CLIENT', 'LIST')))
    onLook({
      foreignClients: clients.filter((client) => isForeign(client, record)).length,
      opsPerSecond: counting.triedPerSecond,
      refusedWrites: counting.refused === null ? null : counting.refusedSoFar,
    })
    if (breach !== null) return breach
    await sleep(everyMs, undefined, { signal }).catch(() => undefined)
  }
  return null
}

/** What differs from the freeze, the gravest first. */
export function breachOf(
  now: Pick<AuthState, 'runId' | 'role' | 'requirepass' | 'acl'>,
  record: FreezeRecord,
): FreezeBreach | null {
  if (now.runId !== record.runId) return 'restarted'
  if (now.role !== 'master') return 'role-changed'
  if (now.requirepass !== record.secret) return 'password-changed'
  const frozen = record.aclFrozen
  if (frozen !== null && now.acl !== null && frozen.join('\n') !== now.acl.join('\n')) return 'acl-changed'
  return null
}

/** Our sign-in is refused: by another password, or because the server started anew with its old one? */
async function howBroken(record: FreezeRecord, signal: AbortSignal): Promise<FreezeBreach | null> {
  try {
    await using control = await signInAnyhow(record, { signal })
    return breachOf(await readAuthState(control), record)
  } catch {
    return null
  }
}

interface Counting {
  names: ReadonlySet<string> | null
  /** Write commands executed and refused, as of the last look. */
  executed: number | null
  refused: number | null
  refusedSoFar: number
  /** What others tried, as of the last look, and when that was. */
  tried: number | null
  lookedAt: number
  triedPerSecond: number | null
}

/** Takes the counters of INFO commandstats along; true when a write was executed since the last look. */
function count(info: Info, counting: Counting): boolean {
  let executed = 0
  let refused = 0
  let tried = 0
  let tellsRefused = false
  for (const [name, value] of info) {
    if (!name.startsWith('cmdstat_')) continue
    const rejected = /rejected_calls=(\d+)/.exec(value)?.[1]
    tellsRefused ||= rejected !== undefined
    tried += Number(rejected ?? 0)
    if (/^cmdstat_(auth|hello)$/.test(name)) tried += Number(/failed_calls=(\d+)/.exec(value)?.[1] ?? 0)
    if (!counting.names?.has(name.slice('cmdstat_'.length))) continue
    executed += Number(/calls=(\d+)/.exec(value)?.[1] ?? 0)
    refused += Number(rejected ?? 0)
  }
  // Less than before: somebody has reset the statistics, and counting begins again.
  const wrote = counting.executed !== null && executed > counting.executed
  if (counting.refused !== null) counting.refusedSoFar += Math.max(0, refused - counting.refused)
  const now = Date.now()
  if (tellsRefused && counting.tried !== null)
    counting.triedPerSecond = Math.round(
      (Math.max(0, tried - counting.tried) * 1000) / Math.max(1, now - counting.lookedAt),
    )
  counting.tried = tried
  counting.lookedAt = now
  counting.executed = executed
  counting.refused = tellsRefused ? refused : null
  return wrote
}

/** Names of commands with the `write` flag (COMMAND, 2.8.13 and later); none where that is refused. */
async function writeCommandNames(control: Control): Promise<ReadonlySet<string>> {
  const commands = await control.call('COMMAND').catch(() => null)
  const names = new Set<string>()
  if (!Array.isArray(commands)) return names
  for (const command of commands) {
    if (!Array.isArray(command)) continue
    const [name, , flags] = command
    if (Array.isArray(flags) && flags.includes('write')) names.add(String(name))
  }
  return names
}
