import { createHash } from 'node:crypto'
import { escapeKey } from '#contract/escape-key.ts'
import type { ReadinessAdvice, ReadinessFinding, ReadinessReport } from '#contract/readiness.ts'
import { keySlot } from '../bytes/crc16.ts'
import { shapeOf } from '../resp/commands.ts'
import { placesOfRead } from '../resp/read-commands.ts'

/** What a node of a cluster takes or refuses as one: a command, or all of a transaction or a script. */
export interface Whole {
  readonly what: ReadinessFinding['what']
  readonly db: number
  readonly commands: readonly (readonly Buffer[])[]
}

interface Kind {
  readonly what: ReadinessFinding['what']
  readonly name: string
  count: number
  crossing: number
  example: readonly string[]
  advice: ReadinessAdvice | null
}

const mostKinds = 1_000
const mostNames = 6
const mostExamples = 5
/** One key each would do the same. */
const splittable: ReadonlySet<string> = new Set(['MGET', 'MSET', 'DEL', 'UNLINK', 'EXISTS', 'TOUCH'])
const otherDatabases: ReadonlySet<string> = new Set(['MOVE', 'SWAPDB'])
const scripts: ReadonlySet<string> = new Set([
  'EVAL',
  'EVALSHA',
  'FCALL',
  'EVAL_RO',
  'EVALSHA_RO',
  'FCALL_RO',
])
const nothing: ReadonlySet<string> = new Set([
  'SELECT',
  'MULTI',
  'EXEC',
  'DISCARD',
  'PING',
  'REPLCONF',
  'AUTH',
])

/** Counts what goes past by whether a cluster would take it. */
export class ReadinessTally {
  units = 0
  readonly #kinds = new Map<string, Kind>()
  readonly #dbs = new Set<number>()
  #several = 0
  #crossing = 0

  add(whole: Whole): void {
    const commands = whole.commands.filter(([name]) => !nothing.has(upper(name!)))
    if (commands.length === 0) return
    this.units += 1
    this.#dbs.add(whole.db)
    const keys = commands.flatMap(keysOf)
    const bySlot = new Map(keys.map((key) => [keySlot(key), key]))
    const advice = adviceFor(whole, commands, bySlot.size)
    const several = new Set(keys.map((key) => key.toString('latin1'))).size > 1
    if (!several && advice === null) return
    this.#several += 1
    if (advice !== null) this.#crossing += 1
    const kind = this.#kindOf(whole.what, nameOf(whole.what, commands))
    kind.count += 1
    if (advice === null) return
    kind.crossing += 1
    if (kind.advice !== null) return
    kind.advice = advice
    kind.example = [...bySlot.values()].slice(0, mostExamples).map((key) => escapeKey(key))
  }

  #kindOf(what: Kind['what'], name: string): Kind {
    const full = this.#kinds.size >= mostKinds
    const known = `${what} ${full ? '…' : name}`
    const kind = this.#kinds.get(`${what} ${name}`) ?? this.#kinds.get(known)
    if (kind !== undefined) return kind
    const fresh: Kind = { what, name: full ? '…' : name, count: 0, crossing: 0, example: [], advice: null }
    this.#kinds.set(known, fresh)
    return fresh
  }

  told(): Pick<ReadinessReport, 'case' | 'units' | 'several' | 'crossing' | 'findings' | 'dbs'> {
    const findings = [...this.#kinds.values()]
      .map((kind) => ({ ...kind, share: kind.count / this.units }))
      .sort((a, b) => b.crossing - a.crossing || b.count - a.count)
    return {
      case: this.#crossing > 0 ? 3 : this.#several > 0 ? 2 : 1,
      units: this.units,
      several: this.#several,
      crossing: this.#crossing,
      findings,
      dbs: [...this.#dbs].sort((a, b) => a - b),
    }
  }
}

/** What has to change before a cluster takes it; null where nothing has. */
function adviceFor(
  { what }: Whole,
  commands: readonly (readonly Buffer[])[],
  slots: number,
): ReadinessAdvice | null {
  const names = commands.map(([name]) => upper(name!))
  if (names.some((name) => otherDatabases.has(name))) return 'databases'
  // MONITOR shows what a script asks behind it; one that asks nothing can run anywhere.
  const mute = what === 'script' && commands.length === 1
  if (!mute && commands.some((args, index) => scripts.has(names[index]!) && keysOf(args).length === 0))
    return 'declare'
  if (slots < 2) return null
  return what === 'command' && splittable.has(names[0]!) ? 'split' : 'tag'
}

function keysOf(args: readonly Buffer[]): readonly Buffer[] {
  const shape = shapeOf(args[0]!)
  const places = shape === null ? placesOfRead(upper(args[0]!))?.(args) : shape.keyPlaces(args)
  return (places ?? []).flatMap((place) => args[place] ?? [])
}

function nameOf(what: Whole['what'], commands: readonly (readonly Buffer[])[]): string {
  const [first = []] = commands
  const name = upper(first[0]!)
  if (what === 'script' || scripts.has(name)) return scriptName(name, first[1])
  if (what === 'command') return escapeKey(Buffer.from(name, 'latin1'), 64)
  const names = [...new Set(commands.map(([one]) => escapeKey(Buffer.from(upper(one!), 'latin1'), 64)))]
  return names.length > mostNames ? `${names.slice(0, mostNames).join(' ')} …` : names.join(' ')
}

/** A script by what EVALSHA would name it by; a function by its name. */
function scriptName(name: string, named: Buffer | undefined): string {
  if (named === undefined) return name
  const sha = createHash('sha1').update(named).digest('hex')
  const id = name.startsWith('EVALSHA') ? named.toString('latin1') : name.startsWith('EVAL') ? sha : null
  return id === null ? `${name} ${escapeKey(named, 64)}` : `EVAL ${id.slice(0, 12).toLowerCase()}`
}

function upper(name: Buffer): string {
  return name.toString('latin1').toUpperCase()
}
