import { addressOf, type Connection } from '#contract/connection.ts'
import { FailureError, isOfTheLink } from '#contract/failure.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { theKey, wordsForEach } from '../resp/encode.ts'
import type { Command, Questioned } from './db-link.ts'
import { openSide, type ListedKeys, type OpenSide } from './open-side.ts'

/**
 * Connects to servers that together hold one data set, as one side of a comparison. Each key is asked of the server that
 * has it; one that several have is told of (`ListedKeys.shared`). Every connection has this name. Fails as `openSide` does.
 */
export async function openServers(
  servers: readonly Connection[],
  signal: AbortSignal,
  name?: string,
): Promise<OpenSide> {
  if (servers.length === 1) return await openSide(servers[0]!, signal, name)
  const outcomes = await Promise.allSettled(servers.map((server) => openSide(server, signal, name)))
  const sides = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const close = (): void => {
    for (const side of sides) side[Symbol.dispose]()
  }
  const refused = outcomes.find((one) => one.status === 'rejected')
  if (refused !== undefined) {
    close()
    throw refused.reason
  }
  const walking = new SeveralServers(sides.map(({ links }) => links[0]!))
  return {
    look: sides[0]!.look,
    links: sides[0]!.links.map((_, at) => new SeveralServers(sides.map(({ links }) => links[at]!))),
    slotsCovered: sides.some(({ slotsCovered }) => slotsCovered === null)
      ? null
      : Math.max(...sides.map(({ slotsCovered }) => slotsCovered!)),
    async count() {
      const counts = await Promise.all(sides.map((side) => side.count()))
      const together = new Map<number, number>()
      for (const [db, keys] of counts.flatMap((one) => [...one]))
        together.set(db, (together.get(db) ?? 0) + keys)
      return together
    },
    size: async () =>
      (await Promise.all(sides.map((side) => side.size()))).reduce((sum, keys) => sum + keys, 0),
    async *keys() {
      for (const [number, side] of sides.entries())
        for await (const listed of side.keys()) yield await sharing(listed, number, walking, servers)
    },
    endWith(ending) {
      const all = sides.map((side) => side.endWith(ending))
      return {
        [Symbol.dispose]() {
          for (const one of all) one[Symbol.dispose]()
        },
      }
    },
    [Symbol.dispose]: close,
  }
}

/** A batch of one server, without what was listed of one before it, and with what others have as well. */
async function sharing(
  { db, keys, misplaced }: ListedKeys,
  number: number,
  walking: SeveralServers,
  servers: readonly Connection[],
): Promise<ListedKeys> {
  const holders = await walking.holdersOf(db, keys)
  const shared: ListedKeys['shared'][number][] = []
  const fresh = keys.filter((key, at) => {
    const those = holders[at]!
    if (those.some((holder) => holder < number)) return false
    const all = [...new Set([number, ...those])]
    if (all.length > 1) shared.push({ key, servers: all.map((one) => addressOf(servers[one]!)).join(', ') })
    return true
  })
  return { db, keys: fresh, misplaced, shared }
}

/** Servers asked as if they were one: about a key the first that has it, without a key each of them. */
class SeveralServers implements Questioned {
  readonly #servers: readonly Questioned[]

  constructor(servers: readonly Questioned[]) {
    this.#servers = servers
  }

  /** The servers that have each key, by their numbers. */
  async holdersOf(db: number, keys: readonly Uint8Array[]): Promise<readonly (readonly number[])[]> {
    const answers = await this.#existing(db, keys)
    return keys.map((_, at) => answers.flatMap((held, number) => (held?.[at] === true ? [number] : [])))
  }

  async askAll(db: number, commands: readonly Command[]): Promise<readonly Reply[]> {
    const named = commands.map(keyOf)
    const numbers = await this.#ownersOf(
      db,
      named.flatMap((key) => key ?? []),
    )
    const replies: Reply[] = new Array<Reply>(commands.length).fill(null)
    await Promise.all(
      this.#servers.map(async (server, number) => {
        const those = named.flatMap((key, at) =>
          key !== null && numbers.get(idOf(key)) === number ? [at] : [],
        )
        if (those.length === 0) return
        const told = await server.askAll(
          db,
          those.map((at) => commands[at]!),
        )
        for (const [index, at] of those.entries()) replies[at] = told[index]!
      }),
    )
    for (const [at, key] of named.entries())
      if (key === null) replies[at] = await this.#askEverybody(db, commands[at]!)
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
    const numbers = await this.#ownersOf(db, keys)
    const expiries: number[] = new Array<number>(keys.length).fill(Number.NaN)
    await Promise.all(
      this.#servers.map(async (server, number) => {
        const places = keys.flatMap((key, place) => (numbers.get(idOf(key)) === number ? [place] : []))
        if (places.length === 0) return
        const told = await server.expiries(
          db,
          places.map((place) => keys[place]!),
        )
        for (const [at, place] of places.entries()) expiries[place] = told[at]!
      }),
    )
    return expiries
  }

  async ask(db: number, command: Command): Promise<Reply> {
    const key = keyOf(command)
    const number = key === null ? 0 : (await this.#ownersOf(db, [key])).get(idOf(key))!
    return await this.#servers[number]!.ask(db, command)
  }

  /** What nobody has is asked of the first that has the database. */
  async #ownersOf(db: number, keys: readonly Uint8Array[]): Promise<ReadonlyMap<string, number>> {
    const distinct = [...new Map(keys.map((key) => [idOf(key), key])).values()]
    if (distinct.length === 0) return new Map()
    const answers = await this.#existing(db, distinct)
    const first = Math.max(
      0,
      answers.findIndex((held) => held !== null),
    )
    return new Map(
      distinct.map((key, at) => {
        const holder = answers.findIndex((held) => held?.[at] === true)
        return [idOf(key), holder < 0 ? first : holder]
      }),
    )
  }

  #existing(db: number, keys: readonly Uint8Array[]): Promise<readonly (readonly boolean[] | null)[]> {
    return Promise.all(this.#servers.map((server) => existing(server, db, keys)))
  }

  /** Lists are put together; of anything else the first answer counts. */
  async #askEverybody(db: number, command: Command): Promise<Reply> {
    const replies = (await Promise.all(this.#servers.map((server) => server.askAll(db, [command])))).flat()
    const lists = replies.filter((reply) => Array.isArray(reply))
    return lists.length === replies.length ? lists.flat() : replies[0]!
  }
}

/** Which of the keys a server has; null where it has no such database. */
async function existing(
  server: Questioned,
  db: number,
  keys: readonly Uint8Array[],
): Promise<readonly boolean[] | null> {
  try {
    const replies = await server.askEach(db, keys, [['EXISTS', theKey]])
    return replies.map((reply) => !(reply instanceof ReplyError) && Number(reply) > 0)
  } catch (thrown) {
    if (!(thrown instanceof FailureError) || isOfTheLink(thrown.failure)) throw thrown
    return null
  }
}

/** The key is the first argument that is bytes. */
function keyOf(command: Command): Uint8Array | null {
  return command.find((argument): argument is Uint8Array => typeof argument === 'object') ?? null
}

function idOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}
