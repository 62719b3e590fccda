import { setTimeout as sleep } from 'node:timers/promises'
import { nodeConnection, type Connection } from '#contract/connection.ts'
import { fail, FailureError, isOfTheLink, makeFailure, toFailure } from '#contract/failure.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import { parseClientList } from '#engine/redis/client-list.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { resolve } from '#engine/redis/dial.ts'
import { topologyThrough } from '#engine/redis/probe.ts'
import { mastersOf } from '#engine/redis/topology.ts'
import { latin1Of } from './acl.ts'
import { readBareState } from './auth-state.ts'
import { isForeign } from './foreign.ts'
import type { SourcesFreezeRequest } from './freeze-sources.ts'
import { freezeOf, type FreezeRecord, type KeptFreeze, type NodeRecord } from './record.ts'
import type { Place } from './sign-in.ts'
import { unfreezeWrites } from './unfreeze.ts'
import { WriteCounter } from './write-counter.ts'

/** What is seen at the sources, all their primaries together, while a person shuts the writers out. */
export interface HandLook {
  /** Connections that are neither ours nor replicas'; null where we may not ask. */
  readonly foreignClients: number | null
  readonly writesPerSecond: number
  readonly oldPassword: 'opens' | 'refused'
}

export interface ByHandRequest extends SourcesFreezeRequest {
  readonly onLook?: ((look: HandLook) => void) | undefined
}

const everyMs = 250
/** So long nothing may be written: 2 s where it is seen as well that nobody could. */
const silentMs = 2_000
const silentUnseenMs = 10_000

/**
 * The freeze for sources that let nobody change their passwords, as managed services do: a person shuts the writers
 * out, by the service's console or a firewall, and this sees to it that it was done. It waits until no write was
 * executed at any primary for two seconds, and the old password is refused or nobody but us is connected; where that
 * may not be asked, until ten seconds were silent. The offset is read together with the counters that stood still.
 *
 * `newPassword` is the one the person sets, if they do. Nothing is changed by us, and there is nothing to undo. Gives
 * what is kept of each source, in their order.
 */
export async function freezeByHand(request: ByHandRequest): Promise<readonly KeptFreeze[]> {
  const { taskId, newPassword, journal, signal, onLook, onCredentials } = request
  // What a freeze of ours has begun is put back first: its journal must not be lost.
  for (const kept of journal.open(taskId))
    if (kept.record.byHand !== true) await unfreezeWrites({ kept, journal, signal })
  const sources = await Promise.all(
    request.sources.map(async (connection): Promise<HandSource> => {
      const changed = newPassword === undefined ? connection : { ...connection, password: newPassword }
      const places = await primariesOf(connection, changed, signal)
      const watchers = places.map((place) => new HandWatcher(place, connection, changed))
      return { connection, changed, watchers, told: false }
    }),
  )
  const watchers = sources.flatMap((source) => source.watchers)
  for (;;) {
    if (signal?.aborted) fail('job.cancelled')
    const looks = await Promise.all(watchers.map((watcher) => watcher.look(signal).catch(nothingWhereAway)))
    const oldPassword = looks.every((look) => look?.old === 'refused') ? 'refused' : 'opens'
    const foreign = looks.map((look) => look?.foreignClients ?? null)
    onLook?.({
      foreignClients: foreign.includes(null) ? null : foreign.reduce<number>((all, one) => all + one!, 0),
      writesPerSecond: looks.reduce((all, one) => all + (one?.writesPerSecond ?? 0), 0),
      oldPassword,
    })
    for (const [number, source] of sources.entries()) {
      const isChanged = source.watchers.every(
        (watcher) => looks[watchers.indexOf(watcher)]?.old === 'refused',
      )
      if (!isChanged || source.told) continue
      source.told = true
      onCredentials?.(number, source.changed)
    }
    if (looks.every(isShut)) break
    await sleep(everyMs, undefined, { signal }).catch(() => undefined)
  }
  return sources.map((source) => {
    const record = recordOf(source)
    const open = freezeOf(journal.open(taskId), source.connection)
    return open === undefined ? journal.write(taskId, record) : journal.amend(open, record)
  })
}

interface HandSource {
  readonly connection: Connection
  /** The same with the password that the person sets. */
  readonly changed: Connection
  readonly watchers: readonly HandWatcher[]
  /** That only the new password opens was told. */
  told: boolean
}

function recordOf({ connection, changed, watchers, told }: HandSource): FreezeRecord {
  return {
    byHand: true,
    connection,
    secret: latin1Of((told ? changed : connection).password ?? ''),
    ownUser: '',
    nodes: watchers.map((watcher) => watcher.record()),
    sentinels: [],
    sentinelPass: '',
    staying: [],
    frozenAt: Date.now(),
    signedOut: 0,
    pauseStartedAt: Math.min(...watchers.map(({ silentSince }) => silentSince)),
  }
}

/** The primaries of a cluster, or the one server the connection means. */
async function primariesOf(
  connection: Connection,
  changed: Connection,
  signal: AbortSignal | undefined,
): Promise<readonly Place[]> {
  const { host, port } = await resolve(connection).catch(() => resolve(changed))
  const { control } = await signIn({ host, port }, connection, changed, signal)
  await using closing = control
  const { info, role } = await readBareState(closing)
  if (info.get('cluster_enabled') !== '1') {
    if (role !== 'master') fail('freeze.not-primary', { address: control.address })
    return [{ host, port }]
  }
  const masters = mastersOf(await topologyThrough(control, host))
  return masters.map((master) => ({ host: master.host, port: master.port }))
}

/** With the password there was, or with the one it was changed to. */
async function signIn(
  { host, port }: Place,
  connection: Connection,
  changed: Connection,
  signal: AbortSignal | undefined,
): Promise<{ control: Control; old: HandLook['oldPassword'] }> {
  const options = { signal, connectTimeoutMs: 5_000, commandTimeoutMs: 5_000, name: 'kf:freeze:by-hand' }
  try {
    return { control: await openControl(nodeConnection(connection, host, port), options), old: 'opens' }
  } catch (thrown) {
    const failure = toFailure(thrown)
    if (!failure.code.startsWith('auth.')) throw thrown
    if (changed.password === connection.password)
      throw new FailureError(
        makeFailure('freeze.password-needed', { address: hostAndPort({ host, port }) }, failure.code),
      )
    return { control: await openControl(nodeConnection(changed, host, port), options), old: 'refused' }
  }
}

interface NodeLook {
  readonly old: HandLook['oldPassword']
  readonly foreignClients: number | null
  readonly writesPerSecond: number
  readonly silentForMs: number
}

function isShut(look: NodeLook | null): boolean {
  if (look === null) return false
  const { old, foreignClients, silentForMs } = look
  if (old === 'refused' || foreignClients === 0) return silentForMs >= silentMs
  return foreignClients === null && silentForMs >= silentUnseenMs
}

/** A firewall that is being changed may cut us off too, for a moment. */
function nothingWhereAway(thrown: unknown): null {
  if (isOfTheLink(toFailure(thrown))) return null
  throw thrown
}

/** Looks at one primary, with a new connection each time: only that shows whether the password still opens. */
class HandWatcher {
  readonly #place: Place
  readonly #connection: Connection
  readonly #changed: Connection
  #counter: WriteCounter | null = null
  #state: Awaited<ReturnType<typeof readBareState>> | null = null
  /** Since when nothing was written, milliseconds since the epoch. */
  silentSince = Date.now()

  constructor(place: Place, connection: Connection, changed: Connection) {
    this.#place = place
    this.#connection = connection
    this.#changed = changed
  }

  async look(signal: AbortSignal | undefined): Promise<NodeLook> {
    const { control, old } = await signIn(this.#place, this.#connection, this.#changed, signal)
    await using closing = control
    this.#counter ??= await WriteCounter.of(closing)
    const askedAt = Date.now()
    const state = await readBareState(closing)
    const { wrote, writesPerSecond, counts } = this.#counter.look(state.info)
    if (!counts) fail('freeze.not-proven', { address: control.address, found: 'no-counters' })
    // A restarted server counts from zero: what it wrote before is not known.
    if (wrote || this.#state === null || state.runId !== this.#state.runId) this.silentSince = askedAt
    this.#state = state
    return {
      old,
      foreignClients: await countForeign(closing),
      writesPerSecond,
      silentForMs: askedAt - this.silentSince,
    }
  }

  record(): NodeRecord {
    const { runId, version, offset, slots } = this.#state!
    const unknown = { requirepass: '', masterauth: '', masteruser: '', acl: null, aclFrozen: null }
    return { ...this.#place, ...unknown, role: 'master', version, runId, offset, slots }
  }
}

async function countForeign(control: Control): Promise<number | null> {
  const list = await control.call('CLIENT', 'LIST').catch((thrown: unknown) => {
    if (isOfTheLink(toFailure(thrown))) throw thrown
    return null
  })
  return list === null
    ? null
    : parseClientList(String(list)).filter((client) => isForeign(client, { ownUser: '\0' })).length
}
