import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { escapeKey } from '#contract/escape-key.ts'
import { FailureError } from '#contract/failure.ts'
import type { TaskEvent, TaskEventCode } from '#contract/task.ts'
import { tellChangedKeys } from '#engine/redis/changed-keys.ts'
import { hostOf, parseClientList } from '#engine/redis/client-list.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { infoNumber, parseInfo, type Info } from '#engine/redis/info.ts'
import { guardName } from '#engine/target/fence.ts'
import { targetServers } from '#engine/target/target-servers.ts'
import { writeCommandNames } from './freeze/write-counter.ts'

/** What somebody else did to the target. */
export type ForeignDeed =
  /** A connection that is not ours, whose last command was a write. */
  | { readonly what: 'client'; readonly client: string; readonly name: string; readonly command: string }
  /** A key that was changed while nothing of ours writes; null: all of them at once. */
  | { readonly what: 'key'; readonly key: string | null }
  /** Keys thrown out for want of memory since the guard began. */
  | { readonly what: 'evicted'; readonly keys: number }

/** How a deed is told. */
export function eventOf(deed: ForeignDeed): {
  readonly event: TaskEventCode
  readonly params: TaskEvent['params']
} {
  switch (deed.what) {
    case 'client': {
      const { client, name, command } = deed
      return { event: 'target.foreign-client', params: { client, name, command } }
    }
    case 'key':
      return { event: 'target.foreign-write', params: deed.key === null ? {} : { key: deed.key } }
    case 'evicted':
      return { event: 'target.evicted', params: { keys: deed.keys } }
  }
}

/** What we have written ourselves. */
export interface OwnWrites {
  /** Commands of the source's stream that were applied: once it is drained, only what it removes itself still comes. */
  readonly applied: number
  /**
   * Another number begins a new quiet time: whatever a repair wrote is ours, and what was changed before a proof has
   * nothing to do with it.
   */
  readonly anew: number
}

export interface TargetGuardOptions {
  readonly taskId: string
  readonly signal: AbortSignal
  /** While the source is frozen and drained, and no repair is under way; null otherwise. */
  readonly quiet: () => OwnWrites | null
  readonly onDeed: (deed: ForeignDeed) => void
  /** Who asks them for more than that finds them there. */
  readonly guards?: TargetGuards
}

const everyMs = 1_000
/** So soon is it seen that nothing of ours writes any more: that costs no question. */
const noticeMs = 20
/** So long is waited for guards at most. */
const guardsMs = 2_000
/** Looks that have to agree before keys that are gone are held against somebody: counters come later than keys. */
const looksToBeSure = 3
/** Of so many changed keys at most it is asked what became of them. */
const keysAsked = 200

/** The guards of a target's servers, as far as they stand. */
export class TargetGuards {
  /** How many there are to be; null while that is not known. */
  #servers: number | null = null
  readonly #guards = new Set<Guard>()

  expect(servers: number): void {
    this.#servers = servers
  }

  stand(guard: Guard): Disposable {
    this.#guards.add(guard)
    return { [Symbol.dispose]: () => void this.#guards.delete(guard) }
  }

  /**
   * Resolves when every change from then on is seen, wherever that can be had: what reads the target afterwards and the
   * guards leave no moment between them. Where a server is away it is not waited for long.
   */
  async inPlace(signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + guardsMs
    const standing = (): boolean =>
      this.#guards.size === this.#servers && [...this.#guards].every(({ isInPlace }) => isInPlace)
    while (!standing() && Date.now() < deadline && !signal.aborted)
      await sleep(noticeMs, undefined, { signal }).catch(() => undefined)
  }

  /** Has what was changed until now judged, as far as it leaves no doubt. Never rejects. */
  async lookNow(): Promise<void> {
    const looked = Promise.allSettled([...this.#guards].map((guard) => guard.lookNow()))
    await Promise.race([looked, sleep(guardsMs, undefined, { ref: false })])
  }
}

/**
 * Watches for others who write to the target until `signal` aborts. While we write ourselves, by the last command of
 * their connections, looked at every second: who comes and goes in between is not seen. While writes are frozen and
 * drained, by the keys that change (6.0 and later): no key of the target is ours to change then, but for what expires.
 * Of a cluster, each master is watched.
 */
export async function guardTarget(connection: Connection, options: TargetGuardOptions): Promise<void> {
  const { signal } = options
  const seen = new Set<string>()
  while (!signal.aborted) {
    try {
      await guardServers(await targetServers(connection, signal), options, seen)
    } catch (thrown) {
      // The sync itself tells when the target is away.
      if (!(thrown instanceof FailureError)) throw thrown
    }
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

/** All of them until one is lost: who they are is found out anew then. */
async function guardServers(
  servers: readonly Connection[],
  options: TargetGuardOptions,
  seen: Set<string>,
): Promise<void> {
  const lost = new AbortController()
  const signal = AbortSignal.any([options.signal, lost.signal])
  options.guards?.expect(servers.length)
  const guards = servers.map(async (server) => {
    try {
      await using control = await openControl(server, { signal, name: guardName(options.taskId) })
      await new Guard(control, server, { ...options, signal }, seen).look()
    } finally {
      lost.abort()
    }
  })
  await Promise.allSettled(guards)
  await Promise.all(guards)
}

/** One connection's time. */
class Guard {
  readonly #control: Control
  readonly #connection: Connection
  readonly #options: TargetGuardOptions
  /** Foreign connections told of already, over all connections of ours. */
  readonly #seen: Set<string>
  #quiet: QuietTime | null = null

  constructor(control: Control, connection: Connection, options: TargetGuardOptions, seen: Set<string>) {
    this.#control = control
    this.#connection = connection
    this.#options = options
    this.#seen = seen
  }

  async look(): Promise<void> {
    const { signal, quiet, onDeed } = this.#options
    const writes = await writeCommandNames(this.#control)
    let evicted = (await this.#stats()).evicted
    using _standing = this.#options.guards?.stand(this)
    try {
      while (!signal.aborted) {
        await this.#lookAtClients(writes)
        const stats = await this.#stats()
        // Nobody is there any more who could be asked or told.
        if (signal.aborted) return
        if (stats.evicted > evicted) onDeed({ what: 'evicted', keys: stats.evicted - evicted })
        evicted = stats.evicted
        const own = quiet()
        if (own === null || own.anew !== this.#quiet?.anew) this.#endQuiet()
        if (own !== null) {
          this.#quiet ??= this.#beginQuiet(stats, own)
          await this.#quiet.judge(stats, own.applied)
        }
        await this.#untilDue()
      }
    } finally {
      this.#endQuiet()
    }
  }

  /** A second later, or when a quiet time begins or ends. */
  async #untilDue(): Promise<void> {
    const { signal, quiet } = this.#options
    const due = Date.now() + everyMs
    while (!signal.aborted && Date.now() < due && quiet()?.anew === this.#quiet?.anew)
      await sleep(noticeMs, undefined, { signal, ref: false }).catch(() => undefined)
  }

  /** What is changed from now on is told, or never will be. */
  get isInPlace(): boolean {
    return this.#quiet !== null && this.#quiet.isInPlace && this.#options.quiet()?.anew === this.#quiet.anew
  }

  /** See `TargetGuards.lookNow`. */
  async lookNow(): Promise<void> {
    const quiet = this.#quiet
    if (!this.isInPlace || quiet === null) return
    await quiet.allTold()
    await quiet.ask((await this.#stats()).dbs)
  }

  async #lookAtClients(writes: ReadonlySet<string>): Promise<void> {
    const clients = parseClientList(String(await this.#control.call('CLIENT', 'LIST')))
    for (const { name, flags, address, command } of clients) {
      if (/^(kf|keyferry):/.test(name) || /[SM]/.test(flags) || !writes.has(command)) continue
      const client = hostOf(address)
      const known = [client, name, command].join('\n')
      if (this.#seen.has(known)) continue
      this.#seen.add(known)
      this.#options.onDeed({ what: 'client', client, name, command })
    }
  }

  #beginQuiet(stats: Stats, own: OwnWrites): QuietTime {
    const quiet = new QuietTime(this.#control, stats, own, this.#options.onDeed)
    const { taskId } = this.#options
    void tellChangedKeys(this.#control, this.#connection, {
      name: guardName(taskId),
      signal: quiet.over.signal,
      onKeys: (keys) => quiet.changed(keys),
      onTelling: (allTold) => quiet.place(allTold),
    })
      // Before 6.0, or where it is refused, only connections are seen.
      .catch(() => undefined)
      .finally(() => quiet.place(null))
    return quiet
  }

  #endQuiet(): void {
    this.#quiet?.over.abort()
    this.#quiet = null
  }

  async #stats(): Promise<Stats> {
    return statsOf(parseInfo(String(await this.#control.call('INFO'))))
  }
}

interface Stats {
  /** Keys and fields that were removed because their time was past. */
  readonly expired: number
  readonly evicted: number
  readonly dbs: readonly string[]
}

function statsOf(info: Info): Stats {
  const sum = (...names: string[]): number =>
    names.reduce((all, name) => all + (infoNumber(info, name) ?? 0), 0)
  return {
    expired: sum('expired_keys', 'expired_subkeys', 'expired_fields'),
    evicted: sum('evicted_keys'),
    dbs: [...info.keys()].flatMap((name) => /^db(\d+)$/.exec(name)?.[1] ?? []),
  }
}

/**
 * From the moment nothing of ours is to come, and until a repair or the next proof. A key that changed and is there was written by
 * somebody else. One that is gone may have expired, or been removed because it expired at the source: as many as that
 * may be, no more. So may a hash have lost a field.
 */
class QuietTime {
  readonly over = new AbortController()
  readonly #control: Control
  readonly #began: Stats
  readonly anew: number
  readonly #appliedBefore: number
  readonly #onDeed: (deed: ForeignDeed) => void
  #unasked: Buffer[] = []
  #gone = 0
  #lastGone = ''
  #tooMany = 0
  #told = false
  /** Those that changed are asked for by one at a time. */
  #asking: Promise<void> = Promise.resolve()
  #isInPlace = false
  #allTold: (() => Promise<void>) | null = null

  constructor(control: Control, began: Stats, own: OwnWrites, onDeed: (deed: ForeignDeed) => void) {
    this.#control = control
    this.#began = began
    this.anew = own.anew
    this.#appliedBefore = own.applied
    this.#onDeed = onDeed
  }

  changed(keys: readonly Buffer[] | null): void {
    if (keys === null) this.#tell(null)
    else
      for (const key of keys)
        if (!key.subarray(0, ours.length).equals(ours) && this.#unasked.length < keysAsked)
          this.#unasked.push(key)
  }

  get isInPlace(): boolean {
    return this.#isInPlace
  }

  /** It is told what changes; null: that cannot be had, or no longer. */
  place(allTold: (() => Promise<void>) | null): void {
    this.#isInPlace = true
    this.#allTold = allTold
  }

  async allTold(): Promise<void> {
    await this.#allTold?.()
  }

  async judge(stats: Stats, applied: number): Promise<void> {
    await this.ask(stats.dbs)
    const explained =
      stats.expired -
      this.#began.expired +
      (stats.evicted - this.#began.evicted) +
      (applied - this.#appliedBefore)
    this.#tooMany = this.#gone > explained ? this.#tooMany + 1 : 0
    if (this.#tooMany >= looksToBeSure) this.#tell(this.#lastGone)
  }

  /** Asks what became of the keys that changed. Those that are there were written by somebody else. */
  ask(dbs: readonly string[]): Promise<void> {
    const asking = this.#asking.then(() => this.#ask(dbs))
    this.#asking = asking.catch(() => undefined)
    return asking
  }

  async #ask(dbs: readonly string[]): Promise<void> {
    for (const key of this.#unasked.splice(0)) {
      const type = await this.#typeOf(key, dbs)
      if (type !== null && type !== 'hash') this.#tell(escapeKey(key))
      else {
        this.#gone += 1
        this.#lastGone = escapeKey(key)
      }
    }
  }

  /** Null where no database has it. */
  async #typeOf(key: Buffer, dbs: readonly string[]): Promise<string | null> {
    for (const db of dbs) {
      const [, type] = await Promise.all([this.#control.call('SELECT', db), this.#control.call('TYPE', key)])
      if (type !== 'none') return String(type)
    }
    return null
  }

  #tell(key: string | null): void {
    if (this.#told) return
    this.#told = true
    this.#onDeed({ what: 'key', key })
  }
}

const ours = Buffer.from('keyferry:')
