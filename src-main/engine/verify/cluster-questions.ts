import { keySlot } from '../bytes/crc16.ts'
import { redirectionOf } from '../redis/reply-errors.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { wordsForEach, type theKey } from '../resp/encode.ts'
import type { ClusterLinks } from '../target/cluster-links.ts'
import { DbLink, type Command, type Questioned } from './db-link.ts'
import { expiryTimes, tellsExpiryTimeSince } from './expiry-times.ts'

/**
 * A cluster asked as if it were one server with one database: every question goes to the master that has the slot of
 * its key, all of one master's at once; what is sent away follows its slot.
 */
export class ClusterQuestions implements Questioned, Disposable {
  readonly #links: ClusterLinks
  readonly #nodes: readonly DbLink[]
  readonly #versionNumber: number
  readonly #owners = new Uint16Array(16_384)

  constructor(links: ClusterLinks, versionNumber: number) {
    this.#links = links
    this.#versionNumber = versionNumber
    this.#nodes = links.links.map((link) => DbLink.over(link, versionNumber))
    for (const [number, { slots }] of links.masters.entries())
      for (const { from, to } of slots) this.#owners.fill(number, from, to + 1)
  }

  async askAll(db: number, commands: readonly Command[]): Promise<readonly Reply[]> {
    const byNode = new Map<number, number[]>()
    for (const [index, command] of commands.entries()) {
      const key = keyOf(command)
      const node = key === null ? 0 : this.#owners[keySlot(key)]!
      const those = byNode.get(node)
      if (those === undefined) byNode.set(node, [index])
      else those.push(index)
    }
    const replies: Reply[] = new Array<Reply>(commands.length).fill(null)
    await Promise.all(
      [...byNode].map(async ([node, indexes]) => {
        const asked = indexes.map((index) => commands[index]!)
        const told = await this.#nodes[node]!.askAll(db, asked)
        for (const [at, index] of indexes.entries())
          replies[index] = await this.#followed(asked[at]!, told[at]!)
      }),
    )
    return replies
  }

  askEach(
    db: number,
    keys: readonly Uint8Array[],
    questions: readonly (readonly (string | typeof theKey)[])[],
  ): Promise<readonly Reply[]> {
    return this.askAll(db, wordsForEach(keys, questions))
  }

  async expiries(db: number, keys: readonly Uint8Array[]): Promise<readonly number[]> {
    if (this.#versionNumber >= tellsExpiryTimeSince)
      return await expiryTimes(this, db, keys, this.#versionNumber)
    // TIME has no key: what is asked along with it goes to one node.
    const expiries: number[] = new Array<number>(keys.length).fill(Number.NaN)
    await Promise.all(
      this.#nodes.map(async (node, number) => {
        const places = keys.flatMap((key, place) => (this.#owners[keySlot(key)] === number ? [place] : []))
        const told = await node.expiries(
          db,
          places.map((place) => keys[place]!),
        )
        for (const [at, place] of places.entries()) expiries[place] = told[at]!
      }),
    )
    return expiries
  }

  async ask(_db: number, command: Command): Promise<Reply> {
    return await this.#links.ask(keyOf(command) ?? Buffer.alloc(0), command)
  }

  [Symbol.dispose](): void {
    this.#links.close()
  }

  async #followed(command: Command, reply: Reply): Promise<Reply> {
    const isSentAway = reply instanceof ReplyError && redirectionOf(reply.text) !== null
    return isSentAway ? await this.#links.call(keyOf(command)!, command) : reply
  }
}

/** The key is the first argument that is bytes; without one, any node can answer. */
function keyOf(command: Command): Uint8Array | null {
  return command.find((argument): argument is Uint8Array => typeof argument === 'object') ?? null
}
