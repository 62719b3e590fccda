import { wantsKind, type FollowedRules as Asked } from '#contract/selection.ts'
import { ownKeyPrefix, type DbKey } from '../flow/checkpoint.ts'
import { FollowedRules } from '../flow/followed-rules.ts'
import type { Reply } from '../resp/decode.ts'
import { theKey, wordsForEach, type Argument } from '../resp/encode.ts'
import type { Command, Questioned } from './db-link.ts'
import { kindNamed } from './extra-keys.ts'
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

/** `address`: the target's. Rejects as the source's links do. */
export async function chooseSides(
  source: OpenSide,
  target: OpenSide,
  asked: Asked,
  address: string,
): Promise<ChosenSides> {
  const rules = new FollowedRules(asked, address)
  const origins = new Origins(asked, rules, [...(await source.count()).keys()])
  const links = source.links.map((link) => new ChosenQuestions(link, origins))
  let leftOut = 0
  const chosen: OpenSide = {
    ...source,
    links,
    async *keys() {
      for await (const { db, keys, ...rest } of source.keys()) {
        origins.noteDatabase(db)
        const going = await origins.wantedAmong(
          source.links[0]!,
          db,
          keys.filter((key) => rules.goes({ db, key })),
        )
        leftOut += keys.length - going.length
        if (going.length > 0)
          yield {
            ...rest,
            db: rules.keys.dbMap(db),
            keys: going.map((key) => rules.placed({ db, key }).key),
          }
      }
    },
    count: () => countOf(chosen),
    [Symbol.dispose]: () => source[Symbol.dispose](),
  }
  const ours: OpenSide = {
    ...target,
    async *keys() {
      for await (const listed of target.keys()) {
        const { db } = listed
        const candidates = listed.keys.filter((key) => origins.of(db, key).length > 0)
        const keys = await origins.wantedAmong(target.links[0]!, db, candidates)
        if (keys.length > 0) yield { ...listed, keys }
      }
    },
    count: () => countOf(ours),
    [Symbol.dispose]: () => target[Symbol.dispose](),
  }
  return { source: chosen, target: ours, leftOut: () => leftOut, functions: rules.keys.functions }
}

/** Nothing but going through them tells how many they are. */
async function countOf({ keys }: Pick<OpenSide, 'keys'>): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>()
  for await (const listed of keys() as AsyncGenerator<ListedKeys, void, void>)
    counts.set(listed.db, (counts.get(listed.db) ?? 0) + listed.keys.length)
  return counts
}

/** Which keys of the source a key of the target may come from. */
class Origins {
  readonly #asked: Asked
  readonly #rules: FollowedRules
  readonly #dbs: Set<number>
  readonly #choosesKinds: boolean

  constructor(asked: Asked, rules: FollowedRules, dbs: readonly number[]) {
    this.#asked = asked
    this.#rules = rules
    this.#dbs = new Set(dbs)
    this.#choosesKinds = asked.types !== undefined || asked.excludeTypes !== undefined
  }

  /** The source has keys there. */
  noteDatabase(db: number): void {
    this.#dbs.add(db)
  }

  /** By its name and database alone. */
  of(db: number, key: Buffer): readonly DbKey[] {
    const { addPrefix = '', stripPrefix = '', dbPrefix, dbs } = this.#asked
    return [...this.#dbs].flatMap((from) => {
      if (dbs?.includes(from) === false || this.#rules.keys.dbMap(from) !== db) return []
      const front = Buffer.from(addPrefix + (dbPrefix?.[from] ?? ''))
      if (!front.equals(key.subarray(0, front.length))) return []
      const rest = key.subarray(front.length)
      const names = stripPrefix === '' ? [rest] : [Buffer.concat([Buffer.from(stripPrefix), rest]), rest]
      return names
        .map((name): DbKey => ({ db: from, key: name }))
        .filter((one) => this.#rules.goes(one) && this.#rules.placed(one).key.equals(key))
    })
  }

  /** Those of these keys of one server whose type is one that goes along. */
  async wantedAmong(server: Questioned, db: number, keys: readonly Buffer[]): Promise<readonly Buffer[]> {
    if (!this.#choosesKinds || keys.length === 0) return keys
    const types = await server.askEach(db, keys, typeOf)
    return keys.filter((_, at) => this.#wants(String(types[at])))
  }

  /** What each of these keys of the target is at the source; `nobody` where it has none of them. */
  async find(source: Questioned, db: number, keys: readonly Buffer[]): Promise<ReadonlyMap<string, DbKey>> {
    const found = new Map<string, DbKey>()
    for (const key of new Map(keys.map((one) => [one.toString('latin1'), one])).values()) {
      const candidates = this.of(db, key)
      const [only] = candidates
      const sure = candidates.length === 1 && !this.#choosesKinds
      const one = sure ? only : await this.#firstThere(source, candidates)
      found.set(key.toString('latin1'), one ?? { db: 0, key: nobody })
    }
    return found
  }

  async #firstThere(source: Questioned, candidates: readonly DbKey[]): Promise<DbKey | undefined> {
    for (const one of candidates) {
      const [type] = await source.askEach(one.db, [one.key], typeOf)
      if (String(type) !== 'none' && this.#wants(String(type))) return one
    }
    return undefined
  }

  #wants(type: string): boolean {
    return type === 'none' || wantsKind(this.#asked, kindNamed(type))
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
      for (const [index, { at }] of some.entries()) replies[at] = answers[index]!
    }
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
