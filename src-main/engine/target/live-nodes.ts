import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, nodeConnection, type Connection } from '#contract/connection.ts'
import { fail, FailureError, makeFailure, type Failure } from '#contract/failure.ts'
import { Mutex } from '../flow/mutex.ts'
import { infoNumber, parseInfo } from '../redis/info.ts'
import { classifyReplyError, redirectionOf } from '../redis/reply-errors.ts'
import { mastersOf, slotCount, type ClusterNode, type ClusterTopology } from '../redis/topology.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand, type Argument } from '../resp/encode.ts'
import { Link } from '../resp/link.ts'
import type { WatchedCluster } from './cluster-watch.ts'
import { answerLimitMs, exchangeFrame } from './frame-exchange.ts'
import type { Answered } from './lane.ts'
import type { Frame } from './transaction-frame.ts'

const everySlot: readonly number[] = Array.from({ length: slotCount }, (_, slot) => slot)
const againMs = 50
/** As long is a refusal that passes waited out here; then whoever asked says why it waits. */
const askingLimitMs = 10_000
const slotsAtOnce = 2_048
/** As long may replicas take to say that they have it. */
const replicasLimitMs = 10_000

interface LiveNodesOptions {
  readonly connection: Connection
  readonly topology: ClusterTopology
  /** Every connection's. */
  readonly name: string
  readonly signal: AbortSignal
}

/** A master: one connection that carries the frames of many slots at once, and one for what must not stand in their way. */
interface LiveNode {
  readonly master: ClusterNode
  readonly link: Link
  readonly aside: Link
  readonly mutex: Mutex
}

/**
 * The masters of a cluster that slots are written to, each slot at its owner, wherever that is by now. A master that
 * was none when this was opened ends it: only a server that is asked anew tells what it has taken.
 */
export class LiveNodes implements WatchedCluster, Disposable {
  readonly address: string
  /** Told once, when the cluster is given up. */
  onLost: (failure: Failure) => void = () => undefined
  readonly #nodes: readonly LiveNode[]
  readonly #owners = new Uint16Array(slotCount)
  readonly #signal: AbortSignal
  #failure: Failure | null = null

  private constructor(address: string, nodes: readonly LiveNode[], signal: AbortSignal) {
    this.address = address
    this.#nodes = nodes
    this.#signal = signal
  }

  /** Fails as `Link.open` does. */
  static async open({ connection, topology, name, signal }: LiveNodesOptions): Promise<LiveNodes> {
    const links: Link[] = []
    try {
      const nodes: LiveNode[] = []
      for (const master of mastersOf(topology)) {
        const at = nodeConnection(connection, master.host, master.port)
        const link = await Link.open(at, { name, signal })
        links.push(link)
        const aside = await Link.open(at, { name, signal })
        links.push(aside)
        nodes.push({ master, link, aside, mutex: new Mutex() })
      }
      const opened = new LiveNodes(addressOf(connection), nodes, signal)
      opened.learn(topology)
      return opened
    } catch (thrown) {
      for (const link of links) link.close()
      throw thrown
    }
  }

  get masters(): readonly ClusterNode[] {
    return this.#nodes.map(({ master }) => master)
  }

  linkOf(slot: number): Link {
    return this.#ownerOf(slot).link
  }

  /** Sends a frame to the owner of this slot. What the answers say of where the slot is, is taken to heart. */
  async exchange(slot: number, frame: Frame): Promise<Answered> {
    const { link, aside, mutex } = this.#ownerOf(slot)
    // A long one keeps its connection to itself for as long as it takes.
    const isLong = frame.parts.some((part) => !(part instanceof Uint8Array))
    if (!isLong) gather(link)
    const replies = isLong
      ? await mutex.run(() => exchangeFrame(aside, frame))
      : await exchangeFrame(link, frame)
    this.#follow(slot, replies)
    return { replies, address: link.address }
  }

  /**
   * Asks the owner of this slot, again and again while the slot is on its way to another. Rejects when a link is lost,
   * with `job.cancelled`, or as what the server refuses, for too long it may be.
   */
  async ask(slot: number, commands: readonly (readonly Argument[])[]): Promise<readonly Reply[]> {
    for (const deadline = performance.now() + askingLimitMs; ;) {
      const { aside, mutex } = this.#ownerOf(slot)
      const bytes = Buffer.concat(commands.map((command) => encodeCommand(command)))
      const replies = await mutex.run(() => aside.exchange(bytes, commands.length, answerLimitMs))
      this.#follow(slot, replies)
      const refused = replies.find((reply) => reply instanceof ReplyError)
      if (refused === undefined) return replies
      const failure = classifyReplyError(refused.text, { address: aside.address })
      if (!failure.retryable || performance.now() > deadline) throw new FailureError(failure)
      await sleep(againMs, undefined, { signal: this.#signal }).catch(() => undefined)
      if (this.#failure !== null) throw new FailureError(this.#failure)
      if (this.#signal.aborted) fail('job.cancelled')
    }
  }

  /** Asks for each of these slots something of its owner, as `ask` does; one reply each, in their order. */
  async askEach(
    command: (slot: number) => readonly Argument[],
    slots: readonly number[] = everySlot,
  ): Promise<readonly Reply[]> {
    const replies: Reply[] = Array.from({ length: slots.length })
    const places = [...slots.keys()]
    await Promise.all(
      this.#nodes.map(async (node, number) => {
        const own = places.filter((place) => this.#owners[slots[place]!] === number)
        for (let at = 0; at < own.length; at += slotsAtOnce) {
          const some = own.slice(at, at + slotsAtOnce)
          const bytes = Buffer.concat(some.map((place) => encodeCommand(command(slots[place]!))))
          const told = await node.link.exchange(bytes, some.length, answerLimitMs)
          for (const [index, place] of some.entries()) {
            const reply = told[index]!
            const slot = slots[place]!
            if (reply instanceof ReplyError) [replies[place] = null] = await this.ask(slot, [command(slot)])
            else replies[place] = reply
          }
        }
      }),
    )
    return replies
  }

  /** One command to every master; the first error that one of them answers. */
  async tellAll(command: readonly Argument[]): Promise<ReplyError | null> {
    const replies = await Promise.all(
      this.#nodes.map(({ aside, mutex }) => mutex.run(() => aside.call(command))),
    )
    return replies.find((reply) => reply instanceof ReplyError) ?? null
  }

  /**
   * Resolves when the replicas of this slot's owner have all that it has answered so far, as far as they tell in time:
   * if one of them takes its place, that is still there. `mark`: a key of ours in this slot.
   */
  async replicated(slot: number, mark: string): Promise<void> {
    const [info] = await this.ask(slot, [['INFO', 'replication']])
    const replicas = infoNumber(parseInfo(String(info)), 'connected_slaves') ?? 0
    // WAIT is about what its own connection has written (`replication.c`).
    if (replicas > 0)
      await this.ask(slot, [
        ['SET', mark, ''],
        ['WAIT', replicas, replicasLimitMs],
        ['DEL', mark],
      ])
  }

  learn(topology: ClusterTopology): void {
    const numbers = new Map(this.#nodes.map(({ master }, number) => [master.id, number]))
    for (const { id, slots } of topology.nodes) {
      if (slots.length === 0) continue
      const number = numbers.get(id)
      if (number === undefined) {
        this.abandon(makeFailure('target.cluster-changed', { address: this.address }))
        return
      }
      for (const { from, to } of slots) this.#owners.fill(number, from, to + 1)
    }
  }

  abandon(failure: Failure): void {
    if (this.#failure !== null) return
    this.#failure = failure
    for (const { link, aside } of this.#nodes) {
      link.close()
      aside.close()
    }
    this.onLost(failure)
  }

  [Symbol.dispose](): void {
    this.onLost = () => undefined
    this.abandon(makeFailure('connect.lost', { address: this.address }))
  }

  #ownerOf(slot: number): LiveNode {
    if (this.#failure !== null) throw new FailureError(this.#failure)
    return this.#nodes[this.#owners[slot]!]!
  }

  #follow(slot: number, replies: readonly Reply[]): void {
    for (const reply of replies) {
      const to = reply instanceof ReplyError ? redirectionOf(reply.text) : null
      // One that is still on its way has its old owner.
      if (to === null || to.asking) continue
      const from = this.#ownerOf(slot)
      const address = to.address.startsWith(':') ? `${from.master.host}${to.address}` : to.address
      const number = this.#nodes.findIndex(({ master }) => master.addresses.includes(address))
      if (number < 0) {
        const failure = makeFailure('target.cluster-changed', { address: this.address })
        this.abandon(failure)
        throw new FailureError(failure)
      }
      this.#owners[slot] = number
      return
    }
  }
}

/** What is written to a link in this turn leaves together: the small frames of many slots, one after another. */
function gather({ socket }: Link): void {
  if (socket.writableCorked > 0) return
  socket.cork()
  process.nextTick(() => socket.uncork())
}
