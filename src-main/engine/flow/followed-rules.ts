import { createHash } from 'node:crypto'
import { followedRulesOf, hasRules, wantsKind, type FollowedRules as Asked } from '#contract/selection.ts'
import { keysOfCommand } from '../plan/command-keys.ts'
import { CommandRules } from '../plan/command-rules.ts'
import { DatabasePlaces } from '../plan/database-places.ts'
import { sharesTarget } from '../plan/db-map.ts'
import { makeKeyRules, nameOf, type KeyJudge, type KeyRules } from '../plan/key-rules.ts'
import { goesAlong, placeOf, unknownType } from '../plan/selection.ts'
import { kindNamed, makeKindRules, type KindRuling } from '../plan/wanted-kinds.ts'
import { shapeOf } from '../resp/commands.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { DbKey } from './checkpoint.ts'
import { isOurs } from './own-keys.ts'
import { scriptOf } from './script-book.ts'
import { nameOfCommand, type Unit, type UnitCommand } from './units.ts'

/** What the rules make of a unit of a stream. */
export interface RuledUnit {
  /** What of it is done on the target; without a command where nothing is. */
  readonly unit: Unit
  /** Keys of the target to be copied afresh: what becomes of them no command can say. */
  readonly toCopy: readonly DbKey[]
  /** Commands that were left out though they may concern keys that go along. */
  readonly unruly: readonly string[]
  /** The first command, left out of `unit`, whose meaning only a new copy of everything tells. */
  readonly anew: string | null
}

const del = Buffer.from('DEL')
const script = Buffer.from('SCRIPT')
const load = Buffer.from('LOAD')
const leftOutByName = placeOf('exclude')

/**
 * Rules for the keys of a source that is followed: what they make of its keys, and of its stream, command by command.
 * What no command of the target can say is copied from the source at a known place of its stream; an append-only file
 * has no source that could be asked, and there it ends the restore.
 */
export class FollowedRules {
  /** For copies of whole snapshots. */
  readonly keys: KeyRules
  /** The same for the same rules. */
  readonly id: string
  readonly #asked: Asked
  readonly #databases: DatabasePlaces
  readonly #commands: CommandRules
  /** Scripts whose commands were left out, by their SHA1. */
  readonly #told = new Set<string>()
  readonly #kindOf: ((command: UnitCommand) => KindRuling) | null

  private constructor(asked: Asked, databases: DatabasePlaces) {
    const rules = makeKeyRules({ ...asked, ttl: { rule: 'keep' } })
    this.#asked = asked
    this.#databases = databases
    this.keys = { ...rules, selection: withoutOwnKeys(rules), dbMap: databases.to }
    this.id = createHash('sha1')
      .update(JSON.stringify(followedRulesOf(asked)))
      .digest('hex')
      .slice(0, 12)
    this.#commands = new CommandRules(this.keys, { tellsOrigins: true })
    this.#kindOf = makeKindRules(asked)
  }

  /** Null where everything goes along as it is. `address`: the target's, for failures. */
  static of(asked: Asked, address: string): FollowedRules | null {
    const isAny = hasRules(followedRulesOf(asked))
    return isAny ? new FollowedRules(asked, new DatabasePlaces(asked, address)) : null
  }

  /** A key goes along or not by its type, too. */
  get choosesKinds(): boolean {
    return this.#kindOf !== null
  }

  /** The same for another stream, which tells its scripts itself. */
  ofStream(): FollowedRules {
    return new FollowedRules(this.#asked, this.#databases)
  }

  /** The source has keys in these. Fails with `source.databases-meet`. */
  noteDatabases(dbs: Iterable<number>): void {
    this.#databases.note(dbs)
  }

  /** Does this key of the source go along? `code`: the RDB type of its value, where that is known. */
  goes({ db, key }: DbKey, code = unknownType): boolean {
    return (this.keys.selection?.judge(db, code, key) ?? goesAlong) === goesAlong
  }

  /** What a key of the source is on the target. */
  placed({ db, key }: DbKey): DbKey {
    return { db: this.keys.dbMap(db), key: Buffer.from(nameOf(this.keys, db, key)), atSource: { db, key } }
  }

  /** Which keys of the source's databases, as far as those are known, a key of the target may be, by its name. */
  originsOf({ db, key }: DbKey): readonly DbKey[] {
    const { addPrefix = '', stripPrefix = '', dbPrefix } = this.#asked
    return this.#databases.comingTo(db).flatMap((from) => {
      const front = Buffer.from(addPrefix + (dbPrefix?.[from] ?? ''))
      if (!front.equals(key.subarray(0, front.length))) return []
      const rest = key.subarray(front.length)
      const names = stripPrefix === '' ? [rest] : [Buffer.concat([Buffer.from(stripPrefix), rest]), rest]
      return names
        .map((name): DbKey => ({ db: from, key: name }))
        .filter((one) => this.goes(one) && this.placed(one).key.equals(key))
    })
  }

  /** `type` as TYPE tells it; of no key nothing is said. */
  wantsType(type: string): boolean {
    return type === 'none' || wantsKind(this.#asked, kindNamed(type))
  }

  /** `alone`: nothing but what this source has may be in the target. */
  apply(unit: Unit, alone: boolean): RuledUnit {
    const commands: UnitCommand[] = []
    const toCopy: DbKey[] = []
    const unruly: string[] = []
    let anew: string | null = null
    for (const command of unit.commands) {
      const ruled = this.#apply(command, alone)
      if (typeof ruled === 'string') commands.push(...this.#scriptIn(command))
      if (ruled === 'anew') anew ??= nameOfCommand(command)
      if (ruled === 'anew' || ruled === 'left-out') continue
      if (ruled !== 'inseparable') {
        commands.push(ruled)
        continue
      }
      const touched = keysOfCommand(command)
      if (touched.length === 0) unruly.push(nameOfCommand(command))
      toCopy.push(...touched.filter((key) => this.goes(key)).map((key) => this.placed(key)))
    }
    return { unit: { ...unit, commands }, toCopy, unruly, anew }
  }

  /** A script may be told with keys that do not go along, and later be named with keys that do. */
  #scriptIn(command: UnitCommand): readonly UnitCommand[] {
    const body = scriptOf(command)
    const sha = body === null ? '' : createHash('sha1').update(body).digest('hex')
    if (body === null || this.#told.has(sha)) return []
    this.#told.add(sha)
    const args = [script, load, body]
    return [{ db: 0, args, raw: encodeCommand(args), shape: shapeOf(script) }]
  }

  #apply(command: UnitCommand, alone: boolean): UnitCommand | 'left-out' | 'inseparable' | 'anew' {
    const name = command.shape?.name
    if (name === 'FLUSHALL' || name === 'FLUSHDB' || name === 'SWAPDB')
      return this.#ofDatabases(command, alone)
    // Both ends may be others' by name and type.
    if (name === 'MOVE') return 'inseparable'
    const kind = this.#kindOf?.(command) ?? 'goes'
    if (kind === 'goes') return this.#commands.apply(command)
    if (kind === 'goes-not') return 'left-out'
    return kind === 'unsure' ? 'inseparable' : this.#commands.apply(deletionOf(command, kind))
  }

  #ofDatabases(command: UnitCommand, alone: boolean): UnitCommand | 'left-out' | 'anew' {
    const { dbs, dbPrefix } = this.#asked
    const { dbMap } = this.keys
    const goes = (db: number): boolean => dbs?.includes(db) ?? true
    if (command.shape?.name === 'FLUSHALL') return alone ? command : 'anew'
    if (command.shape?.name === 'FLUSHDB') {
      if (!goes(command.db)) return 'left-out'
      if (!alone || sharesTarget(this.#asked, command.db)) return 'anew'
      return { ...command, db: dbMap(command.db) }
    }
    const [one = 0, other = 0] = command.args.slice(1, 3).map(Number)
    if (one === other || (!goes(one) && !goes(other))) return 'left-out'
    const alike = goes(one) && goes(other) && dbPrefix?.[one] === dbPrefix?.[other]
    const apart = ![one, other].some((db) => sharesTarget(this.#asked, db))
    if (!alike || !apart || !alone) return 'anew'
    const words = ['SWAPDB', String(dbMap(one)), String(dbMap(other))].map((word) => Buffer.from(word))
    return { ...command, args: words, raw: encodeCommand(words) }
  }
}

/** A key of the source as the target has it; none where it does not go along. Null: everything does as it is. */
export function fromSource(rules: FollowedRules | null, key: DbKey): readonly DbKey[] {
  if (rules === null) return [key]
  return rules.goes(key) ? [rules.placed(key)] : []
}

/** A key of the target with what it is at the source; none where it cannot come from there. */
export function fromTarget(rules: FollowedRules | null, key: DbKey): readonly DbKey[] {
  if (rules === null) return [key]
  return rules.originsOf(key).map((atSource) => ({ ...key, atSource }))
}

/** What takes away the keys at these places of a command. */
function deletionOf(command: UnitCommand, places: readonly number[]): UnitCommand {
  const args = [del, ...places.map((place) => command.args[place]!)]
  return { db: command.db, args, raw: encodeCommand(args), shape: shapeOf(del) }
}

/** A key that would bear a name of ours on the target never goes along. */
function withoutOwnKeys({ selection, names }: KeyRules): KeyJudge {
  return {
    judge(db, code, bytes, start = 0, end = bytes.length) {
      const rule = selection?.judge(db, code, bytes, start, end) ?? goesAlong
      if (rule !== goesAlong) return rule
      if (names === null) return isOurs(bytes.subarray(start, end)) ? leftOutByName : goesAlong
      names.take(db, bytes, start, end)
      return isOurs(names.bytes.subarray(names.start, names.end)) ? leftOutByName : goesAlong
    },
  }
}
