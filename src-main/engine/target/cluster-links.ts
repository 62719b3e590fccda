import { setTimeout as sleep } from 'node:timers/promises'
import { nodeConnection, type Connection } from '#contract/connection.ts'
import { fail, FailureError } from '#contract/failure.ts'
import { keySlot } from '../bytes/crc16.ts'
import { classifyReplyError, redirectionOf, type Redirection } from '../redis/reply-errors.ts'
import { mastersOf, type ClusterNode, type ClusterTopology } from '../redis/topology.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import type { Argument } from '../resp/encode.ts'
import { Link, type OpenOptions } from '../resp/link.ts'

/** With the pauses between: as long as two nodes may disagree on whose a slot is. */
const turnsAllowed = 24
const longestPauseMs = 200

/** One connection to each master of a cluster, for questions. */
export class ClusterLinks implements Disposable {
  readonly masters: readonly ClusterNode[]
  readonly links: readonly Link[]
  readonly #owners = new Map<number, number>()

  private constructor(masters: readonly ClusterNode[], links: readonly Link[]) {
    this.masters = masters
    this.links = links
    for (const [number, { slots }] of masters.entries())
      for (const { from, to } of slots)
        for (let slot = from; slot <= to; slot += 1) this.#owners.set(slot, number)
  }

  /** `connection` tells how the cluster is reached. Fails as `Link.open` does. */
  static async open(
    connection: Connection,
    topology: ClusterTopology,
    options: OpenOptions,
  ): Promise<ClusterLinks> {
    const masters = mastersOf(topology)
    const links: Link[] = []
    try {
      for (const { host, port } of masters)
        links.push(await Link.open(nodeConnection(connection, host, port), options))
      return new ClusterLinks(masters, links)
    } catch (thrown) {
      for (const link of links) link.close()
      throw thrown
    }
  }

  /**
   * Sends a command to the owner of this key, wherever that is by now. Resolves with its reply, rejects when a link is
   * lost, with `target.cluster-changed` where the owner is a stranger, or with `target.slot-moving`.
   */
  async call(key: Uint8Array, args: readonly Argument[]): Promise<Reply> {
    let number = this.#owners.get(keySlot(key)) ?? 0
    let asking = false
    for (let turn = 0; turn < turnsAllowed; turn += 1) {
      if (turn > 1) await sleep(Math.min(longestPauseMs, 5 * 2 ** turn))
      const link: Link = this.links[number]!
      const replies: readonly Reply[] = await Promise.all(
        asking ? [link.call(['ASKING']), link.call(args)] : [link.call(args)],
      )
      const reply = replies.at(-1)!
      const to: Redirection | null = reply instanceof ReplyError ? redirectionOf(reply.text) : null
      if (to === null) return reply
      const host = to.address.startsWith(':') ? this.masters[number]!.host : ''
      number = this.masters.findIndex(({ addresses }) => addresses.includes(host + to.address))
      if (number < 0) fail('target.cluster-changed', { address: link.address })
      asking = to.asking
      if (!asking) this.#owners.set(to.slot, number)
    }
    return fail('target.slot-moving', { address: this.links[number]!.address })
  }

  /** The same, with an error reply as a `FailureError`. */
  async ask(key: Uint8Array, args: readonly Argument[]): Promise<Reply> {
    const reply = await this.call(key, args)
    if (reply instanceof ReplyError)
      throw new FailureError(classifyReplyError(reply.text, { address: this.links[0]!.address }))
    return reply
  }

  close(): void {
    for (const link of this.links) link.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
