import { setTimeout as sleep } from 'node:timers/promises'
import { FailureError, isOfTheLink, toFailure } from '#contract/failure.ts'
import type { FreezeBreach } from '#contract/freeze.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import { parseClientList, type ClientLine } from '#engine/redis/client-list.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { readAuthState, readBareState, type AuthState } from './auth-state.ts'
import { isForeign } from './foreign.ts'
import type { FreezeRecord, NodeRecord } from './record.ts'
import { leftOut, lookReturned } from './returned.ts'
import { frozenNode, signInAnyhow } from './sign-in.ts'
import { WriteCounter } from './write-counter.ts'

/** One look at what is frozen, all servers together. */
export interface FrozenLook {
  /** Connections that are neither ours nor replicas' nor Sentinels'. They may be there, but cannot sign in. */
  readonly foreignClients: number
  /**
   * Commands a second of others: attempts to sign in, and what was turned away from those who had not (6.2 and
   * later, else null). Nobody else gets further, and what we ask ourselves is none of it.
   */
  readonly opsPerSecond: number | null
  /** Write commands turned away since the watch began (6.2 and later), else null. */
  readonly refusedWrites: number | null
}

/** What broke a freeze, and at which server. */
export interface Breach {
  readonly breach: FreezeBreach
  readonly address: string
}

export interface WatchOptions {
  readonly signal: AbortSignal
  readonly onLook: (look: FrozenLook) => void
  /** What is written there is written by us: no breach. */
  readonly writesAreOurs?: boolean
  /** How often each server is looked at, milliseconds. */
  readonly everyMs?: number
}

const usuallyEveryMs = 200
/** How long a server may be out of sight before that is left to the connection to tell. */
const reconnectMs = 500
/** A server that was left out may have come back: as often is that looked for. */
const returnMs = 1_000
const lookLimits = { commandTimeoutMs: 2_000, connectTimeoutMs: 2_000 }

/**
 * Looks at every server of frozen sources, five times a second unless said otherwise, until one is no longer as the
 * freeze left it, and resolves with what broke it; with null once `signal` aborts. A server that cannot be reached is not
 * a breach: it is looked for until it answers, and then judged. One that was left out is a breach once it is back and
 * lets people in.
 */
export async function watchFrozen(
  records: readonly FreezeRecord[],
  { signal, onLook, writesAreOurs = false, everyMs = usuallyEveryMs }: WatchOptions,
): Promise<Breach | null> {
  const over = new AbortController()
  const end = (): void => over.abort()
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  const nodes = records.flatMap((record) =>
    record.nodes.filter(({ gone }) => gone !== true).map((node) => ({ record, node })),
  )
  const looks = new Map<NodeRecord, FrozenLook>()
  const watches = nodes.map(({ record, node }) =>
    watchNode(record, node, {
      signal: over.signal,
      writesAreOurs,
      everyMs,
      onLook(look) {
        looks.set(node, look)
        if (looks.size === nodes.length) onLook(together([...looks.values()]))
      },
    }),
  )
  const returns = records.flatMap((record) =>
    leftOut(record).map((node) => untilReturned(record, node, over.signal)),
  )
  try {
    return await Promise.race([...watches, ...returns])
  } finally {
    end()
    signal.removeEventListener('abort', end)
  }
}

/** One look at every server of a frozen source: what broke the freeze meanwhile, if anything. Rejects where one is away. */
export async function lookFrozen(record: FreezeRecord): Promise<Breach | null> {
  const { signal } = new AbortController()
  const looks = record.nodes
    .filter(({ gone }) => gone !== true)
    .map(async (node): Promise<Breach | null> => {
      const told = (breach: FreezeBreach | null): Breach | null =>
        breach && { breach, address: hostAndPort(node) }
      try {
        await using control = await openControl(frozenNode(record, node), { name: 'kf:watch' })
        return told(breachOf(await lookAt(control, record), node, record))
      } catch (thrown) {
        if (!toFailure(thrown).code.startsWith('auth.')) throw thrown
        return told((await howBroken(record, node, signal)) ?? 'password-changed')
      }
    })
  return (await Promise.all(looks)).find((breach) => breach !== null) ?? null
}

function together(looks: readonly FrozenLook[]): FrozenLook {
  const sum = (numbers: readonly (number | null)[]): number | null =>
    numbers.reduce<number | null>((all, one) => (one === null ? all : (all ?? 0) + one), null)
  return {
    foreignClients: sum(looks.map(({ foreignClients }) => foreignClients)) ?? 0,
    opsPerSecond: sum(looks.map(({ opsPerSecond }) => opsPerSecond)),
    refusedWrites: sum(looks.map(({ refusedWrites }) => refusedWrites)),
  }
}

async function watchNode(
  record: FreezeRecord,
  node: NodeRecord,
  options: Required<WatchOptions>,
): Promise<Breach | null> {
  const { signal } = options
  const counting: Counting = { counter: null }
  const told = (breach: FreezeBreach): Breach => ({ breach, address: hostAndPort(node) })
  while (!signal.aborted) {
    try {
      await using control = await openControl(frozenNode(record, node), {
        signal,
        // Before 6.0 only its name tells that a connection is ours.
        name: 'kf:watch',
        ...lookLimits,
      })
      const breach = await lookOnAndOn(control, record, node, counting, options)
      if (breach !== null) return told(breach)
    } catch (thrown) {
      if (signal.aborted) return null
      if (!(thrown instanceof FailureError)) throw thrown
      const code = thrown.failure.code
      if (code.startsWith('auth.')) return told((await howBroken(record, node, signal)) ?? 'password-changed')
      await sleep(reconnectMs, undefined, { signal }).catch(() => undefined)
    }
  }
  return null
}

/** Resolves once a server that was left out is back and lets people in as before; with null once `signal` aborts. */
async function untilReturned(
  record: FreezeRecord,
  node: NodeRecord,
  signal: AbortSignal,
): Promise<Breach | null> {
  while (!signal.aborted) {
    await sleep(returnMs, undefined, { signal }).catch(() => undefined)
    const state = await lookReturned(record, node, { signal, name: 'kf:watch', ...lookLimits })
    if (state !== null && state.requirepass !== record.secret)
      return { breach: 'restarted', address: hostAndPort(node) }
  }
  return null
}

/** Outlives a lost link: what was written while it was away counts too. */
interface Counting {
  counter: WriteCounter | null
}

async function lookOnAndOn(
  control: Control,
  record: FreezeRecord,
  node: NodeRecord,
  counting: Counting,
  { signal, onLook, writesAreOurs, everyMs }: Required<WatchOptions>,
): Promise<FreezeBreach | null> {
  const counter = (counting.counter ??= await WriteCounter.of(control))
  while (!signal.aborted) {
    const now = await lookAt(control, record)
    const { wrote, triedPerSecond, refusedWrites } = counter.look(now.info)
    // What a replica executes are its primary's writes.
    const foreign = wrote && node.role === 'master' && !writesAreOurs ? 'foreign-client' : null
    const breach = breachOf(now, node, record) ?? foreign
    const list = await control.call('CLIENT', 'LIST').catch(nothingWhereRefused)
    const clients = parseClientList(String(list))
    onLook({
      foreignClients: foreignAmong(clients, record),
      opsPerSecond: triedPerSecond,
      refusedWrites,
    })
    if (breach !== null) return breach
    await sleep(everyMs, undefined, { signal }).catch(() => undefined)
  }
  return null
}

/** Before 2.6.9 nobody has a name, we neither: who looks is known by what he asks. */
function foreignAmong(clients: readonly ClientLine[], record: FreezeRecord): number {
  const isNameless = clients.every(({ name }) => name === '')
  return clients.filter((client) => isForeign(client, record) && !(isNameless && client.command === 'client'))
    .length
}

/** Frozen by hand, a server tells nothing of passwords and users: whether ours opens is seen by signing in. */
async function lookAt(control: Control, record: FreezeRecord): Promise<AuthState> {
  if (!record.byHand) return await readAuthState(control)
  const unknown = { requirepass: record.secret, masterauth: '', masteruser: '', acl: null }
  return { ...(await readBareState(control)), ...unknown }
}

function nothingWhereRefused(thrown: unknown): string {
  if (isOfTheLink(toFailure(thrown))) throw thrown
  return ''
}

/** What differs at a server from how the freeze left it, the gravest first. */
export function breachOf(
  now: Pick<AuthState, 'runId' | 'role' | 'slots' | 'requirepass' | 'acl'>,
  node: NodeRecord,
  record: FreezeRecord,
): FreezeBreach | null {
  if (now.runId !== node.runId) return 'restarted'
  if (now.role !== node.role) return 'role-changed'
  // A node that joins is noticed by this: without a slot nobody can write to it.
  const slots = node.slots ?? null
  if (slots !== null && now.slots !== null && now.slots !== slots) return 'slots-moved'
  if (now.requirepass !== record.secret) return 'password-changed'
  const frozen = node.aclFrozen
  if (frozen !== null && now.acl !== null && frozen.join('\n') !== now.acl.join('\n')) return 'acl-changed'
  return null
}

/** Our sign-in is refused: by another password, or because the server started anew with its old one? */
async function howBroken(
  record: FreezeRecord,
  node: NodeRecord,
  signal: AbortSignal,
): Promise<FreezeBreach | null> {
  try {
    await using control = await signInAnyhow(record, { signal }, node)
    return breachOf(await lookAt(control, record), node, record)
  } catch {
    return null
  }
}
