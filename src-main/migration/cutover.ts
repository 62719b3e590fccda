import { hostAndPort } from '#contract/tunnel.ts'
import { placeOf, type Connection } from '#contract/connection.ts'
import { fail, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import type { FreezeView } from '#contract/freeze.ts'
import type { SyncOrder } from '#contract/sync.ts'
import { undoFreeze } from './conclusion.ts'
import { freezeByHand, type HandLook } from './freeze/by-hand.ts'
import { freezeSources } from './freeze/freeze-sources.ts'
import { shardsOf, type KeptFreeze } from './freeze/record.ts'
import { asFrozen, frozenConnection } from './freeze/sign-in.ts'
import { watchFrozen } from './freeze/watch.ts'
import type { Ends } from './endpoint.ts'
import { offsetsToReach } from './frozen-offsets.ts'
import type { RunServices } from './services.ts'
import type { SyncJob } from './sync-job.ts'
import type { TargetGuards } from './target-guard.ts'
import { noFreeze } from './task-record.ts'
import { proveEqual, repairAndProve } from './verification.ts'

/** How long a shard may take to find the master that was frozen. */
const followingMs = 30_000

/** How an operator wants writes frozen. */
export interface FreezeOrder {
  /** Their own; else one is made. By hand: the one they set, if they do. */
  readonly newPassword?: string | undefined
  /** They shut the writers out themselves; we only see to it. */
  readonly byHand?: boolean | undefined
}

/**
 * The way from *in step* to *frozen*, drained and proven, and back. One for each running sync. The freeze is
 * watched as long as it stands; what breaks it makes any proof void and lets the sync follow on.
 */
export class Cutover {
  readonly #services: RunServices
  readonly #id: string
  readonly #ends: Ends
  readonly #job: SyncJob
  readonly #guards: TargetGuards
  /** Of each source that is frozen. */
  #kept: readonly KeptFreeze[]
  /** Ends a freeze under way, and a proof. */
  #under = new AbortController()
  #watching: AbortController | null = null
  /** Commands a second the source answers, as the watch saw it; null while nothing is watched. */
  sourceOps: number | null = null
  /** A repair of ours writes to the target, which nothing of ours does else while it is frozen. */
  #repairing = false
  #guardedAnew = 0

  constructor(
    services: RunServices,
    id: string,
    ends: Ends,
    job: SyncJob,
    kept: readonly KeptFreeze[],
    guards: TargetGuards,
  ) {
    this.#services = services
    this.#id = id
    this.#ends = ends
    this.#job = job
    this.#kept = kept
    this.#guards = guards
  }

  /** Stops writes at the sources and lets the last of them arrive. Returns at once, in state *freezing*. */
  freeze(order: FreezeOrder = {}): void {
    const { book } = this.#services
    const { proof } = book.get(this.#id).record
    book.become(this.#id, 'freezing', {
      freeze: { ...noFreeze, state: 'preparing', byHand: order.byHand === true },
      proof: proof && { ...proof, void: true },
      failure: null,
    })
    this.#under = new AbortController()
    void this.#freezeAndDrain(order, this.#under.signal).catch((thrown: unknown) =>
      this.#failed(toFailure(thrown)),
    )
  }

  async #freezeAndDrain(order: FreezeOrder, signal: AbortSignal): Promise<void> {
    const { book, freezes, jobs } = this.#services
    const { newPassword, byHand } = this.#orderGoneOnWith(order)
    const job = this.#job
    // The proof's thread comes up while expiries are settled, not while writes stand still.
    jobs.prepare('verify')
    job.order({ type: 'settle' })
    await job.until(({ guard }) => guard === 'settled' || guard === 'final', signal)
    const startedAt = Date.now()
    const request = {
      taskId: this.#id,
      sources: this.#ends.sources,
      journal: freezes,
      newPassword,
      signal,
      onCredentials: (source: number, connection: Connection) => job.order(credentialsOf(source, connection)),
    }
    const kept =
      byHand === true
        ? await freezeByHand({ ...request, onLook: (look) => this.#waitForHands(look) })
        : await freezeSources(request)
    this.#kept = kept
    const records = kept.map(({ record }) => record)
    const shards = records.flatMap(shardsOf)
    const signedOut = records.reduce((sum, record) => sum + record.signedOut, 0)
    const begun = records.flatMap(({ pauseStartedAt }) => pauseStartedAt ?? [])
    const offset = shards.length === 1 ? shards[0]!.offset : null
    book.change(this.#id, {
      freeze: {
        ...noFreeze,
        state: 'frozen',
        byHand: byHand === true,
        frozenAt: Math.max(...records.map(({ frozenAt }) => frozenAt ?? 0)),
        offset,
        shards,
        signedOut,
      },
      writePause: { startedAt: Math.min(startedAt, ...begun), endedAt: null, endedBy: null },
    })
    const ms = Date.now() - startedAt
    const at = offset === null ? {} : { offset }
    book.tell(this.#id, 'info', 'freeze.done', { ...at, clients: signedOut, ms })
    this.#watch(kept)
    const drainingSince = Date.now()
    job.order({ type: 'drainTo', offsets: await this.#offsetsToReach(records.map(shardsOf), signal) })
    await job.until(({ phase }) => phase === 'drained', signal)
    book.become(this.#id, 'frozen')
    book.tell(this.#id, 'info', 'freeze.drained', { ...at, ms: Date.now() - drainingSince })
  }

  /**
   * A cluster's shard may still hold on to a former master: it is waited for until it follows the frozen one. What is read
   * key by key has no offsets.
   */
  async #offsetsToReach(
    frozen: readonly FreezeView['shards'][],
    signal: AbortSignal,
  ): Promise<readonly (number | null)[]> {
    if (this.#services.book.get(this.#id).record.mode === 'scan') return []
    const wanted = AbortSignal.any([signal, AbortSignal.timeout(followingMs)])
    let offsets: readonly (number | null)[] | null = null
    try {
      await this.#job.until(({ shards }) => (offsets = offsetsToReach(shards, frozen)) !== null, wanted)
    } catch (thrown) {
      if (signal.aborted || !wanted.aborted) throw thrown
    }
    return offsets ?? fail('freeze.shard-elsewhere', { address: this.#strayShard(frozen) })
  }

  #strayShard(frozen: readonly FreezeView['shards'][]): string {
    const stray = this.#job.progress?.shards.find((shard) => offsetsToReach([shard], frozen) === null)
    return stray?.address ?? ''
  }

  /** What was frozen by hand before a crash or a breach is so again, what by us by us. */
  #orderGoneOnWith(order: FreezeOrder): FreezeOrder {
    const open = this.#services.freezes.open(this.#id)[0]?.record
    if (open === undefined) return order
    return {
      newPassword: open.byHand ? (order.newPassword ?? frozenConnection(open).password) : undefined,
      byHand: open.byHand,
    }
  }

  #waitForHands({ foreignClients, writesPerSecond }: HandLook): void {
    const { book } = this.#services
    if (!book.holds(this.#id)) return
    const { freeze } = book.get(this.#id).record
    const seen = { foreignClients, writesPerSecond }
    book.change(this.#id, { freeze: { ...freeze, state: 'waiting-for-hands', ...seen } })
  }

  /** A cutover that did not come about: the sync follows on; what is frozen stays so until somebody decides. */
  #failed(failure: Failure): void {
    const { book, freezes } = this.#services
    const { state, record } = book.get(this.#id)
    if (state !== 'freezing' || !book.holds(this.#id)) return
    this.#job.order({ type: 'follow' })
    this.#kept = freezes.open(this.#id)
    const cancelled = failure.code === 'job.cancelled'
    const freeze = this.#kept.length === 0 ? noFreeze : { ...record.freeze, state: 'broken' as const }
    book.become(this.#id, 'following', { failure: cancelled ? null : failure, freeze })
    if (!cancelled) book.tellFailed(this.#id, failure)
  }

  #watch(kept: readonly KeptFreeze[]): void {
    const { book } = this.#services
    this.#watching?.abort()
    const stop = new AbortController()
    this.#watching = stop
    const records = kept.map(({ record }) => record)
    void watchFrozen(records, {
      signal: stop.signal,
      onLook: ({ opsPerSecond, ...look }) => {
        if (stop.signal.aborted || !book.holds(this.#id)) return
        this.sourceOps = opsPerSecond
        const { freeze } = book.get(this.#id).record
        book.change(this.#id, { freeze: { ...freeze, ...look, opsPerSecond } })
      },
    }).then((broken) => {
      if (broken === null || stop.signal.aborted || !book.holds(this.#id)) return
      const { breach, address } = broken
      this.#under.abort()
      for (const [number, record] of records.entries()) {
        // A primary that was started anew lets in with its old password again.
        const atPrimary =
          breach === 'restarted' && shardsOf(record).some((shard) => shard.address === address)
        const isHere = record.nodes.some((node) => hostAndPort(node) === address)
        const reached = atPrimary ? this.#ends.sources[number]! : frozenConnection(record)
        if (isHere) this.#job.order(credentialsOf(number, reached))
      }
      this.#job.order({ type: 'follow' })
      book.tell(this.#id, 'error', 'freeze.broken', { breach, address })
      const { state, record } = book.get(this.#id)
      const changed = {
        freeze: { ...record.freeze, state: 'broken' as const, breach, breachAt: address },
        proof: record.proof && { ...record.proof, running: false, void: true },
        failure: makeFailure('freeze.broken', { address, breach }),
        inStepSince: null,
      }
      if (state === 'finishing') book.change(this.#id, changed)
      else book.become(this.#id, 'following', changed)
    })
  }

  /** Compares both sides. Returns at once; while frozen the state is *proving* meanwhile. */
  verify(mode: 'counts' | 'full'): void {
    const { book } = this.#services
    const { state, record } = book.get(this.#id)
    const underFreeze = state === 'frozen' && record.freeze.state === 'frozen'
    if (underFreeze) book.become(this.#id, 'proving')
    if (this.#under.signal.aborted) this.#under = new AbortController()
    // Numbers show no change that was made before they were read.
    const guarded = mode === 'full' ? this.#guarded(this.#under.signal) : () => Promise.resolve()
    const request = { ...this.#sides(), mode, underFreeze, guarded }
    void proveEqual(this.#services, this.#id, request, this.#under.signal).then(() => this.#endProving())
  }

  /** Writes again what differs while frozen, and proves both sides anew. Returns at once, in state *proving*. */
  repair(deleteExtra: boolean): void {
    this.#services.book.become(this.#id, 'proving')
    if (this.#under.signal.aborted) this.#under = new AbortController()
    this.#repairing = true
    const onRepaired = (): void => {
      this.#repairing = false
      this.#guardedAnew += 1
    }
    const guarded = this.#guarded(this.#under.signal)
    const request = { ...this.#sides(), underFreeze: true, deleteExtra, guarded, onRepaired }
    void repairAndProve(this.#services, this.#id, request, this.#under.signal).then(() => this.#endProving())
  }

  #guarded(signal: AbortSignal): () => Promise<void> {
    return async () => {
      // What is read key by key may still be written by us for a moment: nobody is watched that early.
      if (this.#services.book.get(this.#id).record.mode === 'scan') return
      this.#guardedAnew += 1
      await this.#guards.inPlace(signal)
    }
  }

  /** Another number for each repair that has ended and each proof that has begun; null while a repair is under way. */
  get guardedAnew(): number | null {
    return this.#repairing ? null : this.#guardedAnew
  }

  #sides(): Ends {
    return { ...this.#ends, sources: asFrozen(this.#ends.sources, this.#kept) }
  }

  #endProving(): void {
    const { book } = this.#services
    if (book.holds(this.#id) && book.get(this.#id).state === 'proving') book.become(this.#id, 'frozen')
  }

  /** Puts the sources' passwords and users back, and lets the sync follow on. */
  async unfreeze(): Promise<void> {
    const { book } = this.#services
    this.end()
    await undoFreeze(this.#services, this.#id, ({ record }) => {
      for (const [number, source] of this.#ends.sources.entries())
        if (placeOf(source) === placeOf(record.connection)) this.#job.order(credentialsOf(number, source))
    })
    this.#kept = []
    this.#job.order({ type: 'follow' })
    const { state, record } = book.get(this.#id)
    if (record.freeze.state === 'preparing' || record.freeze.state === 'waiting-for-hands')
      book.change(this.#id, { freeze: noFreeze })
    if (state === 'freezing' || state === 'frozen' || state === 'proving')
      book.become(this.#id, 'following', { inStepSince: null, failure: null })
  }

  /** Stops watching, freezing and proving. What is frozen stays frozen. */
  end(): void {
    this.#watching?.abort()
    this.#watching = null
    this.sourceOps = null
    this.#under.abort()
  }
}

function credentialsOf(source: number, { username, password }: Connection): SyncOrder {
  return {
    type: 'credentials',
    source,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  }
}
