import { ownKeyPrefix, type DbKey } from '../flow/checkpoint.ts'
import type { FollowedRules } from '../flow/followed-rules.ts'
import type { Reply } from '../resp/decode.ts'
import { theKey, wordsForEach, type Argument } from '../resp/encode.ts'
import type { Command, Questioned } from './db-link.ts'
import type { ListedKeys, OpenSide } from './open-side.ts'

/** Asked about in place of a key that is not there: nobody's key is called so. */
const nobody = Buffer.from(`${ownKeyPrefix}:`)
const typeOf = [['TYPE', theKey]] as const

/** Both sides of a comparison by the rules that a live sync between them was told; all keys are the target's. */
export interface ChosenSides {
  readonly source: OpenSide
  /** Of what it holds that alone which the source could have brought. */
  readonly target: OpenSide
  /** Keys of the source that were gone past and do not go along. */
  readonly leftOut: () => number
  /** Function libraries go along. */
  readonly functions: boolean
}

/** Rejects as the source's links do, and with `source.databases-meet`. */
export async function chooseSides(
  source: OpenSide,
  target: OpenSide,
  rules: FollowedRules,
): Promise<ChosenSides> {
  rules.noteDatabases((await source.count()).keys())
  let leftOut = 0
  const origins = new Origins(rules)
  const ours: OpenSide = {
    ...target,
    async *keys() {
      for await (const listed of target.keys()) {
        const { db } = listed
        const candidates = listed.keys.filter((key) => rules.originsOf({ db, key }).length > 0)
        const keys = await origins.wantedAmong(target.links[0]!, db, candidates)
        if (keys.length > 0) yield { ...listed, keys }
      }
    },
    count: () => countOf(ours),
    [Symbol.dispose]: () => target[Symbol.dispose](),
  }
  return {
    source: chosenSource(source, rules, (keys) => (leftOut += keys)),
    target: ours,
    leftOut: () => leftOut,
    functions: rules.keys.functions,
  }
}

/** What of a source goes along, asked by the names of the target. `onLeftOut`: so many of its keys were gone past. */
export function chosenSource(
  source: OpenSide,
  rules: FollowedRules,
  onLeftOut: (keys: number) => void = () => undefined,
): OpenSide {
  const origins = new Origins(rules)
  const chosen: OpenSide = {
    ...source,
    links: source.links.map((link) => new ChosenQuestions(link, origins)),
    async *keys() {
      for await (const { db, keys, misplaced, shared } of source.keys()) {
        rules.noteDatabases([db])
        const named = keys.filter((key) => rules.goes({ db, key }))
        const going = await origins.wantedAmong(source.links[0]!, db, named)
        onLeftOut(keys.length - going.length)
        if (going.length === 0) continue
        const placed = new Map(going.map((key) => [key, rules.placed({ db, key }).key]))
        yield {
          db: rules.keys.dbMap(db),
          keys: [...placed.values()],
          misplaced: misplaced.flatMap((key) => placed.get(key) ?? []),
          shared: shared.flatMap(({ key, servers }) => {
            const to = placed.get(key)
            return to === undefined ? [] : [{ key: to, servers }]
          }),
        }
      }
    },
    count: () => countOf(chosen),
    [Symbol.dispose]: () => source[Symbol.dispose](),
  }
  return chosen
}

/** Nothing but going through them tells how many they are. */
async function countOf({ keys }: Pick<OpenSide, 'keys'>): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>()
  for await (const listed of keys() as AsyncGenerator<ListedKeys, void, void>)
    counts.set(listed.db, (counts.get(listed.db) ?? 0) + listed.keys.length)
  return counts
}

/** Which keys of the source keys of the target come from. */
class Origins {
  readonly rules: FollowedRules

  constructor(rules: FollowedRules) {
    this.rules = rules
  }

  /** Those of these keys of one server whose type is one that goes along. */
  async wantedAmong(server: Questioned, db: number, keys: readonly Buffer[]): Promise<readonly Buffer[]> {
    if (!this.rules.choosesKinds || keys.length === 0) return keys
    const types = await server.askEach(db, keys, typeOf)
    return keys.filter((_, at) => this.rules.wantsType(String(types[at])))
  }

  /** What each of these keys of the target is at the source; `nobody` where it has none of them. */
  async find(source: Questioned, db: number, keys: readonly Buffer[]): Promise<ReadonlyMap<string, DbKey>> {
    const found = new Map<string, DbKey>()
    for (const key of new Map(keys.map((one) => [one.toString('latin1'), one])).values()) {
      const candidates = this.rules.originsOf({ db, key })
      const [only] = candidates
      const sure = candidates.length === 1 && !this.rules.choosesKinds
      const one = sure ? only : await this.#firstThere(source, candidates)
      found.set(key.toString('latin1'), one ?? { db: 0, key: nobody })
    }
    return found
  }

  async #firstThere(source: Questioned, candidates: readonly DbKey[]): Promise<DbKey | undefined> {
    for (const one of candidates) {
      const [type] = await source.askEach(one.db, [one.key], typeOf)
      if (String(type) !== 'none' && this.rules.wantsType(String(type))) return one
    }
    return undefined
  }
}

/** A source that is asked by the names and databases of the target. */
class ChosenQuestions implements Questioned {
  readonly #source: Questioned
  readonly #origins: Origins

  constructor(source: Questioned, origins: Origins) {
    this.#source = source
    this.#origins = origins
  }

  async askAll(db: number, commands: readonly Command[]): Promise<readonly Reply[]> {
    const keys = commands.map(keysIn)
    const found = await this.#origins.find(this.#source, db, keys.flat())
    const replies: Reply[] = new Array<Reply>(commands.length).fill(null)
    const byDb = new Map<number, { readonly at: number; readonly command: Command }[]>()
    for (const [at, command] of commands.entries()) {
      const [first, ...others] = keys[at]!
      const one = first === undefined ? undefined : found.get(first.toString('latin1'))
      // Of several at once nobody is asked: they may be in several databases.
      if (command[0] === 'EXISTS' && others.length > 0) continue
      const of = one?.db ?? 0
      const said = one === undefined ? command : withKey(command, one.key)
      byDb.set(of, [...(byDb.get(of) ?? []), { at, command: said }])
    }
    for (const [of, some] of byDb) {
      const answers = await this.#source.askAll(
        of,
        some.map(({ command }) => command),
      )
      for (const [index, { at, command }] of some.entries())
        replies[at] = this.#unlessLeftOut(of, command, answers[index]!)
    }
    return replies
  }

  /** A key may have become another since its type was asked for: what DUMP gives of it tells it surely. */
  #unlessLeftOut(db: number, command: Command, reply: Reply): Reply {
    if (command[0] !== 'DUMP' || !Buffer.isBuffer(reply)) return reply
    return this.#origins.rules.goes({ db, key: keysIn(command)[0]! }, reply[0]) ? reply : null
  }

  askEach(
    db: number,
    keys: readonly Uint8Array[],
    questions: readonly (readonly (string | typeof theKey)[])[],
  ): Promise<readonly Reply[]> {
    return this.askAll(db, wordsForEach(keys, questions))
  }

  async expiries(db: number, keys: readonly Uint8Array[]): Promise<readonly number[]> {
    const names = keys.map(bytesOf)
    const found = await this.#origins.find(this.#source, db, names)
    const expiries: number[] = new Array<number>(keys.length).fill(Number.NaN)
    const byDb = new Map<number, number[]>()
    const originOf = (at: number): DbKey => found.get(names[at]!.toString('latin1'))!
    for (const at of keys.keys()) byDb.set(originOf(at).db, [...(byDb.get(originOf(at).db) ?? []), at])
    for (const [of, places] of byDb) {
      const told = await this.#source.expiries(
        of,
        places.map((at) => originOf(at).key),
      )
      for (const [index, at] of places.entries()) expiries[at] = told[index]!
    }
    return expiries
  }

  async ask(db: number, command: Command): Promise<Reply> {
    const [key] = keysIn(command)
    if (key === undefined) return await this.#source.ask(0, command)
    const one = (await this.#origins.find(this.#source, db, [key])).get(key.toString('latin1'))!
    return await this.#source.ask(one.db, withKey(command, one.key))
  }
}

/** The first argument that is bytes is a key; those of EXISTS all are. */
function keysIn(command: Command): readonly Buffer[] {
  const bytes = command.filter((argument): argument is Uint8Array => typeof argument === 'object')
  return (command[0] === 'EXISTS' ? bytes : bytes.slice(0, 1)).map(bytesOf)
}

function withKey(command: Command, key: Buffer): Command {
  const place = command.findIndex((argument) => typeof argument === 'object')
  return command.map((argument, at): Argument => (at === place ? key : argument))
}

function bytesOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
