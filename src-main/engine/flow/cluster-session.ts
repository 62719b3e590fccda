import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, nodeConnection, type Connection } from '#contract/connection.ts'
import { fail, FailureError } from '#contract/failure.ts'
import { openControl, type Control } from '../redis/control.ts'
import { parseInfo, type Keyspace } from '../redis/info.ts'
import { countIn, hasExpiringFields, keyspaceOfServer } from '../redis/keyspace.ts'
import { mastersOf, slotCount, type ClusterNode, type ClusterTopology } from '../redis/topology.ts'
import { versionNumberOf } from '../redis/version.ts'
import { watchedTransaction } from '../redis/watched-transaction.ts'
import { Link } from '../resp/link.ts'
import { assertWhole, ClusterDestination } from '../target/cluster-destination.ts'
import { ClusterInquiry } from '../target/cluster-inquiry.ts'
import { ClusterLinks } from '../target/cluster-links.ts'
import { connectionName, fence, fenceShard, hasConnections } from '../target/fence.ts'
import { LiveCluster } from '../target/live-cluster.ts'
import { LiveNodes } from '../target/live-nodes.ts'
import type { LiveTarget } from '../target/live-target.ts'
import { newestTopology } from '../target/newest-topology.ts'
import { ClusterWatch } from '../target/cluster-watch.ts'
import { ReplicationMarks } from '../target/replication-marks.ts'
import { ClusterQuestions } from '../verify/cluster-questions.ts'
import type { Questioned } from '../verify/db-link.ts'
import {
  earliest,
  formatCheckpoint,
  noteNames,
  parseCheckpoint,
  parseMeta,
  type Checkpoint,
  type ClusterTaskKeys,
  type TaskKeys,
  type TaskMeta,
} from './checkpoint.ts'
import { healAppendOnlyFile } from './heal-append-only-file.ts'
import { leaseCommand, renewLease, takeLease, type Holder } from './lease.ts'
import { removeTaskKeys } from './own-keys.ts'
import { scanServer, type ScannedKeys } from './scan-target.ts'
import { SlotLists } from './slot-key-lists.ts'
import type { CopyTarget, LiveOrder, Place, SessionOptions, TargetSession } from './target-session.ts'

const lookAgainMs = 250
/** Of all blocks of a copy's commands together. */
const copyBytes = 12 * 1024 * 1024

export interface ClusterSessionOptions extends Omit<SessionOptions, 'keys' | 'others'> {
  readonly keys: ClusterTaskKeys
  readonly others?: readonly ClusterTaskKeys[]
  /** How the cluster looked last: the node it was named by may be gone since. */
  readonly known: ClusterTopology
}

/** A master of the session, for questions. */
interface Member {
  readonly master: ClusterNode
  readonly connection: Connection
  readonly control: Control
  readonly runId: string
  readonly versionNumber: number
  readonly appendOnly: boolean
}

/**
 * Comes to a cluster: takes the lease, which lies in one slot as what the task notes of itself does, fences off what is
 * older on every master, and only then reads how far each slot has come. Fails as `openTargetSession` does, or with
 * `target.cluster-*`.
 */
export async function openClusterSession(options: ClusterSessionOptions): Promise<ClusterSession> {
  const { task, keys, holder, attempt, signal } = options
  const topology = await newestTopology(options.connection, options.known, signal)
  assertWhole(topology, addressOf(options.connection))
  const name = connectionName(task, holder.run, attempt)
  const members: Member[] = []
  let nodes: LiveNodes | null = null
  try {
    for (const master of mastersOf(topology))
      members.push(
        await openMember(nodeConnection(options.connection, master.host, master.port), master, options, name),
      )
    const home = members.find(({ master }) => hasSlot(master, keys.slot))!
    const isConnected = async (run: string): Promise<boolean> => {
      for (const { control } of members) if (await hasConnections(control, task, run)) return true
      return false
    }
    await takeLease(home.control, keys, holder, isConnected, signal)
    let fenced = 0
    for (const { control } of members) fenced += await fence(control, task, name)
    nodes = await LiveNodes.open({ connection: options.connection, topology, name, signal })
    const session = new ClusterSession({ options, topology, name, members, home, nodes, fenced })
    await session.read()
    return session
  } catch (thrown) {
    nodes?.[Symbol.dispose]()
    for (const { control } of members) control.close()
    throw thrown
  }
}

async function openMember(
  connection: Connection,
  master: ClusterNode,
  { signal }: ClusterSessionOptions,
  name: string,
): Promise<Member> {
  const control = await openControl(connection, { signal, name })
  try {
    const info = parseInfo(String(await control.call('INFO')))
    const address = addressOf(connection)
    if (info.get('loading') === '1') fail('target.loading', { address })
    if (info.get('role') === 'slave') fail('target.read-only', { address })
    const runId = info.get('run_id') ?? ''
    const versionNumber = versionNumberOf(info) ?? Infinity
    return { master, connection, control, runId, versionNumber, appendOnly: info.get('aof_enabled') === '1' }
  } catch (thrown) {
    control.close()
    throw thrown
  }
}

function hasSlot({ slots }: ClusterNode, slot: number): boolean {
  return slots.some(({ from, to }) => slot >= from && slot <= to)
}

interface ClusterSessionParts {
  readonly options: ClusterSessionOptions
  readonly topology: ClusterTopology
  readonly name: string
  readonly members: readonly Member[]
  /** The one that has the slot of what the task notes of itself. */
  readonly home: Member
  readonly nodes: LiveNodes
  readonly fenced: number
}

/** A stay at a cluster, with the masters it has had since it began. */
export class ClusterSession implements TargetSession {
  readonly control: Control
  readonly connection: Connection
  readonly name: string
  readonly fenced: number
  readonly runId: string
  /** The oldest master's. */
  readonly versionNumber: number
  readonly lanes = slotCount
  readonly topology: ClusterTopology
  restarted = false
  places: readonly Place[] = []
  readonly #parts: ClusterSessionParts
  readonly #keys: ClusterTaskKeys
  /** Of each shard, by its prefix. */
  readonly #lists = new Map<string, SlotLists>()
  /** Prefixes of the shards whose checkpoints are there. */
  readonly #placed = new Set<string>()
  readonly #holder: Holder
  readonly #signal: AbortSignal

  constructor(parts: ClusterSessionParts) {
    this.#parts = parts
    const { keys, holder, signal, connection } = parts.options
    this.#keys = keys
    this.#holder = holder
    this.#signal = signal
    this.control = parts.home.control
    this.connection = connection
    this.name = parts.name
    this.fenced = parts.fenced
    this.topology = parts.topology
    this.versionNumber = Math.min(...parts.members.map(({ versionNumber }) => versionNumber))
    this.runId = parts.members
      .map(({ runId }) => runId)
      .sort()
      .join(' ')
  }

  get keys(): ClusterTaskKeys {
    return this.#keys
  }

  get meta(): TaskMeta | null {
    return this.places[0]!.meta
  }

  get checkpoints(): readonly (Checkpoint | null)[] {
    return this.places[0]!.checkpoints
  }

  /** Reads how far the task has come, and each of its shards. */
  async read(): Promise<void> {
    const { keys, others = [] } = this.#parts.options
    const places: Place[] = []
    for (const one of [keys, ...others]) places.push(await this.readPlace(one))
    this.places = places
  }

  listsOf(keys: TaskKeys): SlotLists {
    const known = this.#lists.get(keys.prefix)
    if (known !== undefined) return known
    const lists = new SlotLists(this.#parts.nodes, keys as ClusterTaskKeys)
    this.#lists.set(keys.prefix, lists)
    return lists
  }

  /** What was begun of emptying the cluster is ended before. */
  async readPlace(keys: TaskKeys): Promise<Place> {
    const text = await this.control.call('GET', keys.meta)
    const noted = parseMeta(typeof text === 'string' ? text : null)
    if (noted === null) return { keys, meta: null, checkpoints: [] }
    await this.#heal(noted)
    const { emptying, ...meta } = noted
    if (emptying !== undefined) await this.#empty(keys, emptying, meta)
    const values = await this.#parts.nodes.askEach((slot) => ['GET', keys.lane(slot)])
    const checkpoints = values.map((value) =>
      parseCheckpoint(Buffer.isBuffer(value) ? value.toString() : null),
    )
    if (checkpoints.some((one) => one !== null)) this.#placed.add(keys.prefix)
    await this.listsOf(keys).find()
    return { keys, meta, checkpoints }
  }

  async fenceShard(prefix: string): Promise<void> {
    for (const { control } of this.#parts.members) await fenceShard(control, prefix)
  }

  async #heal({ targetRunId }: TaskMeta): Promise<void> {
    const known = new Set(targetRunId.split(' '))
    const strangers = this.#parts.members.filter(({ runId }) => !known.has(runId))
    if (strangers.length === 0 || this.restarted) return
    this.restarted = true
    for (const { control, appendOnly } of strangers)
      if (appendOnly) await healAppendOnlyFile(control, this.#signal)
  }

  /** A replica that takes over must not know less: what other masters hold was written because of this. */
  async note(keys: TaskKeys, meta: TaskMeta): Promise<void> {
    await this.#noteWith(keys, [], meta)
    await this.#replicated(this.#keys.slot)
  }

  async noteCopying(keys: TaskKeys, meta: TaskMeta, from: Checkpoint, clearing: boolean): Promise<void> {
    if (clearing) await this.#empty(keys, from, meta)
    else await this.note(keys, meta)
    const own = keys as ClusterTaskKeys
    await this.#parts.nodes.askEach((slot) => [
      'DEL',
      own.lane(slot),
      ...noteNames.map((name) => own.note(name, slot)),
    ])
    this.listsOf(keys).forget()
    this.#placed.delete(keys.prefix)
  }

  async noteCopied(keys: TaskKeys, meta: TaskMeta, checkpoint: Checkpoint): Promise<void> {
    await this.#setLanes(keys, checkpoint)
    await this.note(keys, meta)
  }

  async openCopy(): Promise<CopyTarget> {
    const { connection } = this.#parts.members[0]!
    using link = await Link.open(connection, { name: this.name, signal: this.#signal })
    using inquiry = await ClusterInquiry.open(connection, link, this.#signal)
    const destination = new ClusterDestination(this.connection, this.topology)
    return {
      manners: destination.manners,
      look: inquiry.look,
      capabilities: await inquiry.capabilities(),
      blockBytes: () => copyBytes,
      open: (options, ledger) => destination.open(options, ledger),
    }
  }

  async openLive(order: LiveOrder): Promise<LiveTarget> {
    const { options, topology } = this.#parts
    const { keys, name, meta, checkpoints, replid, onFailed, onTook, signal } = order
    const { connection } = options
    const nodes = await LiveNodes.open({ connection, topology, name, signal })
    const target = new LiveCluster({
      keys: keys as ClusterTaskKeys,
      nodes,
      checkpoints,
      start: earliest(checkpoints),
      replid,
      empty: (after) => this.#empty(keys, after, meta()),
      onFailed,
      onTook,
      signal,
    })
    try {
      const marks = new ReplicationMarks()
      target.endsWith(await ClusterWatch.start(nodes, { connection, name, marks, signal }))
      return target
    } catch (thrown) {
      target[Symbol.dispose]()
      throw thrown
    }
  }

  async openQuestions(name: string, signal: AbortSignal): Promise<Questioned & Disposable> {
    const links = await ClusterLinks.open(this.connection, this.topology, { name, signal })
    return new ClusterQuestions(links, this.versionNumber)
  }

  async *scan(signal: AbortSignal): AsyncGenerator<ScannedKeys, void> {
    while (!signal.aborted) {
      const before = await this.#slotsAtRest()
      if (before !== null) {
        for (const { control } of this.#parts.members) yield* scanServer(control, signal)
        if (signal.aborted || before === (await this.#slotsAtRest())) return
      }
      await sleep(lookAgainMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async slots(): Promise<string | null> {
    const lines = await this.#slotsAtRest()
    return lines === null ? null : createHash('sha1').update(lines).digest('hex')
  }

  async hasExpiringFields(): Promise<boolean> {
    return (await this.#keyspaces()).some(hasExpiringFields)
  }

  async countKeys(): Promise<number> {
    const held = (await this.#keyspaces()).reduce((sum, keyspace) => sum + countIn(keyspace), 0)
    const { keys, others = [] } = this.#parts.options
    const notes = await Promise.all(
      [...new Set([keys.lease, ...[keys, ...others].map(({ meta }) => meta)])].map((key) =>
        this.control.call('EXISTS', key),
      ),
    )
    const ours = [
      ...notes.map(Number),
      ...[...this.#lists.values()].map(({ size }) => size),
      this.#placed.size * slotCount,
    ]
    return held - ours.reduce((sum, count) => sum + count, 0)
  }

  async renewLease(): Promise<void> {
    await renewLease(this.control, this.#keys, this.#holder)
  }

  async release(): Promise<void> {
    await this.control.call('DEL', this.#keys.lease)
  }

  async eachServer(work: (server: Connection) => Promise<void>): Promise<void> {
    await this.#whileSlotsStay(({ connection }) => work(connection))
  }

  async removeKeys(): Promise<void> {
    await this.#whileSlotsStay(({ control }) => removeTaskKeys(control, this.#keys, [0]))
    await this.control.call('DEL', this.#keys.meta)
    await this.control.call('DEL', this.#keys.lease)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.nodes[Symbol.dispose]()
    for (const { control } of this.#parts.members) await control[Symbol.asyncDispose]()
  }

  async #keyspaces(): Promise<readonly Readonly<Record<string, Keyspace>>[]> {
    return await Promise.all(this.#parts.members.map(({ control }) => keyspaceOfServer(control)))
  }

  async #noteWith(keys: TaskKeys, before: readonly (readonly [string])[], meta: TaskMeta): Promise<void> {
    await watchedTransaction(this.control, [
      ...before,
      ['SET', keys.meta, JSON.stringify(meta)],
      leaseCommand(this.#keys, this.#holder),
    ])
  }

  /**
   * Takes all keys away, of one master after another; what the task notes of itself goes last and is back at once. It
   * tells that this has begun until all lanes have their checkpoints again: whoever comes then does it once more.
   */
  async #empty(keys: TaskKeys, after: Checkpoint, meta: TaskMeta): Promise<void> {
    const { members, home } = this.#parts
    const emptying: TaskMeta = { ...meta, emptying: after }
    await this.note(keys, emptying)
    for (const { control } of members)
      if (control !== home.control) await control.whileEmptying(() => control.call('FLUSHALL'))
    await home.control.whileEmptying(() => this.#noteWith(keys, [['FLUSHALL']], emptying))
    this.listsOf(keys).forget()
    await this.#setLanes(keys, after)
    await this.note(keys, meta)
  }

  async #setLanes(keys: TaskKeys, checkpoint: Checkpoint): Promise<void> {
    const { nodes } = this.#parts
    const text = formatCheckpoint(checkpoint)
    await nodes.askEach((slot) => ['SET', keys.lane(slot), text])
    this.#placed.add(keys.prefix)
    for (const { slots } of nodes.masters) if (slots[0] !== undefined) await this.#replicated(slots[0].from)
  }

  async #replicated(slot: number): Promise<void> {
    await this.#parts.nodes.replicated(slot, this.#keys.temporary(slot, 0))
  }

  /** Does work on every master, anew until all slots were where they are from its beginning to its end. */
  async #whileSlotsStay(work: (member: Member) => Promise<void>): Promise<void> {
    for (;;) {
      const before = await this.#slotsAtRest()
      if (before !== null) {
        const done = await Promise.all(this.#parts.members.map(work)).then(
          () => true,
          (thrown: unknown) => {
            if (thrown instanceof FailureError && thrown.failure.code === 'target.slot-moving') return false
            throw thrown
          },
        )
        if (done && before === (await this.#slotsAtRest())) return
      }
      await sleep(lookAgainMs, undefined, { signal: this.#signal })
    }
  }

  /** Who has which slots, as each master tells of itself; null while one of them is on its way. */
  async #slotsAtRest(): Promise<string | null> {
    const lines = await Promise.all(
      this.#parts.members.map(async ({ control }) => {
        const nodes = String(await control.call('CLUSTER', 'NODES'))
        const own = nodes.split('\n').find((line) => line.split(' ')[2]?.split(',').includes('myself')) ?? ''
        return own.split(' ').slice(8).join(' ')
      }),
    )
    const ranges = lines.flatMap((line) => line.split(' ').filter((range) => range !== ''))
    if (ranges.some((range) => range.startsWith('['))) return null
    const held = ranges.reduce((sum, range) => {
      const [from, to = from] = range.split('-').map(Number)
      return sum + to! - from! + 1
    }, 0)
    // Somebody has slots who is no master of this session: what lies there is not reached from here.
    if (held !== slotCount) fail('target.cluster-changed', { address: addressOf(this.connection) })
    return lines.join('\n')
  }
}
