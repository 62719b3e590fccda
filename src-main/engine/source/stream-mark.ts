import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, nodeConnection, type Connection } from '#contract/connection.ts'
import { fail, FailureError, makeFailure, toFailure } from '#contract/failure.ts'
import type { StreamMark } from '#contract/sync.ts'
import { dial } from '../redis/dial.ts'
import { parseInfo, type Info } from '../redis/info.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { ReplyError } from '../resp/decode.ts'
import { slotTag } from '../plan/slot-tags.ts'
import { countSlots, ownSlots, slotCount, type SlotRange } from '../redis/topology.ts'
import { encodeCommand } from '../resp/encode.ts'
import { Link } from '../resp/link.ts'
import { ClusterSource, isClusterNode, type ClusterMember } from './cluster-source.ts'
import { greet, refusalOf } from './greeting.ts'
import { SocketConversation } from './socket-conversation.ts'

export interface MarkOptions {
  /** Of our connections. */
  readonly name: string
  /** A key of ours, in database 0, written and taken away again; in a cluster one in a slot of each master begins so. */
  readonly key: string
  readonly signal: AbortSignal
}

const wakeLimitMs = 15_000
const lookEveryMs = 20
/** Until slots are looked at again that were moving. */
const restEveryMs = 200

/**
 * The places that the streams of a source have come to, to be gone on from: one of a server, one of each master of a
 * cluster, none of whose slots moves meanwhile. Fails as `markStream` does, and with `source.slot-moving` where slots
 * move until the signal aborts.
 */
export async function markStreams(
  connection: Connection,
  options: MarkOptions,
): Promise<readonly StreamMark[]> {
  const { signal } = options
  if (!(await isClusterNode(connection, signal))) return [(await markStream(connection, options)).mark]
  const cluster = new ClusterSource(connection, [])
  let failure = makeFailure('source.slot-moving', { address: addressOf(connection) })
  while (!signal.aborted) {
    try {
      await cluster.look(signal)
      const marks = await markMembers(connection, cluster, options)
      if (marks !== null) return marks
    } catch (thrown) {
      const { code, retryable } = toFailure(thrown)
      if (!signal.aborted && !retryable) throw thrown
      if (!signal.aborted && code !== 'target.slot-moving') failure = toFailure(thrown)
    }
    await sleep(restEveryMs, undefined, { signal }).catch(() => undefined)
  }
  throw new FailureError(failure)
}

/**
 * Null where a slot may have gone from one master to another in between: all masters together have each slot once, as
 * each tells with its mark, and none on its way.
 */
async function markMembers(
  connection: Connection,
  cluster: ClusterSource,
  options: MarkOptions,
): Promise<readonly StreamMark[] | null> {
  // One that has given its last slot away is known on, and has nothing to be gone on with.
  const members = cluster.members.filter((member) => cluster.slotsOf(member).length > 0)
  const said = await Promise.all(
    members.map(async (member) => await markMember(connection, cluster, member, options)),
  )
  const slots = said.flatMap((one) => one.slots)
  const seen = new Set(
    slots.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at)),
  )
  const isWhole = seen.size === slotCount && countSlots({ slots }) === slotCount
  if (!isWhole || said.some((one) => one.moving.length > 0)) return null
  return said.map((one, at) => {
    const { ids, host, port } = members[at]!
    return { ...one.mark, master: { ids: [...ids], host, port, slots: [...one.slots] } }
  })
}

async function markMember(
  connection: Connection,
  cluster: ClusterSource,
  member: ClusterMember,
  { name, key, signal }: MarkOptions,
): Promise<Marked> {
  const node = nodeConnection(connection, member.host, member.port)
  const [first] = cluster.slotsOf(member)
  return await markStream(node, { name, key: `${key}:${slotTag(first!.from)}`, signal })
}

/** A mark, and the slots that the server had at that very moment, those that move besides; none outside of a cluster. */
interface Marked {
  readonly mark: StreamMark
  readonly slots: readonly SlotRange[]
  readonly moving: readonly number[]
}

/**
 * The place a server's replication stream has come to: a server that keeps none begins one, and keeps what follows for
 * `repl-backlog-ttl` seconds at least. Database 0 is selected there: the stream names a database only where it changes,
 * so one of our own keys is written before. Fails with `source.no-stream` where the server lets nobody have its stream,
 * or is a replica.
 */
async function markStream(connection: Connection, { name, key, signal }: MarkOptions): Promise<Marked> {
  using link = await Link.open(connection, { name, signal })
  const before = await look(link)
  if (before.get('role') !== 'master') fail('source.no-stream', { address: addressOf(connection) })
  if (before.get('repl_backlog_active') !== '1') await wake(connection, link, name, signal)
  const inCluster = before.get('cluster_enabled') === '1'
  // One write, so that the server has nothing else to do in between.
  const commands = [
    ['SELECT', 0],
    ['SET', key, 1],
    ['DEL', key],
    ['INFO'],
    ...(inCluster ? [['CLUSTER', 'NODES']] : []),
  ]
  const replies = await link.exchange(
    Buffer.concat(commands.map((words) => encodeCommand(words))),
    commands.length,
  )
  const refused = replies.find((reply) => reply instanceof ReplyError)
  if (refused !== undefined) refuse(refused, link.address)
  const mark = markOf(parseInfo(String(replies[3])))
  return { mark, ...(inCluster ? ownSlots(String(replies[4])) : { slots: [], moving: [] }) }
}

/** A slot that has just gone elsewhere is no refusal of the stream. */
function refuse({ text }: ReplyError, address: string): never {
  const failure = classifyReplyError(text, { address })
  if (failure.code === 'target.slot-moving') throw new FailureError(failure)
  fail('source.no-stream', { address, reply: text })
}

/** Asks for a snapshot and hangs up as soon as the server keeps a backlog: before 7.0 it may have begun to save. */
async function wake(connection: Connection, link: Link, name: string, signal: AbortSignal): Promise<void> {
  const address = addressOf(connection)
  const { stream } = await dial(connection, { signal })
  try {
    const talk = new SocketConversation(stream, address)
    await greet(talk, connection, name)
    await refusalOf(talk, address, 'REPLCONF', 'capa', 'eof', 'capa', 'psync2')
    // No key of it is wanted, and then no file is written.
    await refusalOf(talk, address, 'REPLCONF', 'rdb-filter-only', '')
    talk.send(['PSYNC', '?', -1])
    let said = ''
    void talk.readLine().then(
      (line) => (said = line),
      () => undefined,
    )
    const deadline = Date.now() + wakeLimitMs
    while ((await look(link)).get('repl_backlog_active') !== '1') {
      if (said.startsWith('-') || Date.now() > deadline)
        fail('source.no-stream', { address, ...(said.startsWith('-') && { reply: said.slice(1) }) })
      await sleep(lookEveryMs, undefined, { signal })
    }
  } finally {
    stream.destroy()
  }
}

async function look(link: Link): Promise<Info> {
  return parseInfo(String(await link.ask(['INFO'])))
}

/** Up to 3.2 a stream has the name of the process. */
function markOf(info: Info): StreamMark {
  return {
    replid: info.get('master_replid') ?? info.get('run_id') ?? '',
    offset: Number(info.get('master_repl_offset')),
  }
}
