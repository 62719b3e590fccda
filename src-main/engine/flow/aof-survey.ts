import { createHash, type Hash } from 'node:crypto'
import { fail } from '#contract/failure.ts'
import { keySlot } from '../bytes/crc16.ts'
import { DistinctCount } from '../bytes/distinct-count.ts'
import type { AofCommand } from '../aof/reader.ts'
import { impossibleInCluster } from '../plan/across-slots.ts'
import { needOf, type Need } from '../plan/command-needs.ts'
import { CommandRules, type Ruled } from '../plan/command-rules.ts'
import type { KeyRules } from '../plan/key-rules.ts'
import type { AofFile, AofInput } from '../source/aof-input.ts'
import { fieldExpiryCommands, setsExpiry } from '../plan/expiry.ts'
import { scriptOf } from './script-book.ts'
import { nameOfCommand, UnitFrame, type Unit, type UnitCommand } from './units.ts'

/** The commands of one file, between two offsets of it. */
export interface AofPart {
  readonly file: AofFile
  readonly from: number
  readonly to: number
}

/** Where the last file ends inside a command or a transaction: what a server leaves away when it loads it. */
export interface CutOff {
  readonly file: string
  /** The data set is whole up to here. */
  readonly offset: number
  /** Bytes behind that. */
  readonly bytes: number
  readonly inTransaction: boolean
}

/** What reading every command, before the first write, has told. */
export interface AofSurvey {
  readonly parts: readonly AofPart[]
  /** Commands that will be applied, and those the rules leave out. */
  readonly commands: number
  readonly leftOut: number
  /** Those that will be applied by their names; `UNKNOWN` ones that are not in our table apart. */
  readonly byName: ReadonlyMap<string, number>
  readonly unknown: ReadonlyMap<string, number>
  /** Forms of commands that not every server knows that knows the command, and how many there are. */
  readonly needs: ReadonlyMap<string, Need & { readonly count: number }>
  /** Those that the rules can neither leave out nor let through, by their names. */
  readonly inseparable: ReadonlyMap<string, number>
  /** Those that a cluster cannot do, in whichever way, as `impossibleInCluster` names them. */
  readonly notInCluster: ReadonlyMap<string, number>
  /** Databases of the file that are written to; and of the target. */
  readonly dbs: readonly number[]
  readonly targetDbs: readonly number[]
  /** About so many keys are written to. */
  readonly keys: number
  /** The times noted in the files, milliseconds; null where there are none. */
  readonly times: { readonly first: number; readonly last: number } | null
  readonly cutOff: CutOff | null
  /** The share of units that concern keys of more than one slot: they must wait for each other's connections. */
  readonly crossing: number
  /** Commands set an expiry; also of hash fields. */
  readonly setsExpiry: boolean
  readonly setsFieldExpiry: boolean
  /** Scripts by their SHA1, lower case: EVALSHA may name one that was told before the place it is gone on from. */
  readonly scripts: ReadonlyMap<string, Buffer>
  /** Tells this content from any other: 40 hexadecimal digits. */
  readonly id: string
}

export type OnCommand = (command: UnitCommand, ruled: Ruled) => void

export interface AofSurveyOptions {
  readonly input: AofInput
  /** Where the commands begin in the first file, behind its RDB. */
  readonly commandsFrom: number
  readonly rules: KeyRules
  /** Nothing written after this moment goes along, milliseconds since the epoch. */
  readonly until?: number | undefined
  /** Told of each command that goes past, and what the rules make of it. */
  readonly onCommand?: OnCommand | undefined
  /** Told how many bytes of the whole input have been gone past. */
  readonly progress: (bytesDone: number) => void
  readonly signal: AbortSignal
}

/**
 * Reads every command once, and vouches for them. What a server would leave away at the end is told, not refused.
 * Fails with `file.corrupt`, `aof.cut-in-the-middle`, `aof.no-timestamps`, `aof.until-too-early` or
 * `job.cancelled`.
 */
export async function surveyAof(options: AofSurveyOptions): Promise<AofSurvey> {
  const { input, commandsFrom, rules, until, onCommand } = options
  const tally = new CommandTally(rules, onCommand)
  const hash = createHash('sha1')
  await hashBase(hash, input, commandsFrom)
  const parts: AofPart[] = []
  let cutOff: CutOff | null = null
  for (const [index, file] of input.files.entries()) {
    const from = index === 0 ? commandsFrom : 0
    const found = await surveyFile(file, from, { ...options, tally, hash })
    parts.push({ file, from, to: found.to })
    if (found.stopped) break
    if (found.to === file.size) continue
    if (index < input.files.length - 1) fail('aof.cut-in-the-middle', { file: file.path, offset: found.to })
    const { to: offset, inTransaction } = found
    cutOff = { file: file.path, offset, bytes: file.size - offset, inTransaction }
  }
  const { times } = tally
  if (until !== undefined && times === null) fail('aof.no-timestamps', { file: input.name })
  if (until !== undefined && times !== null && times.first > until)
    fail('aof.until-too-early', { file: input.name, first: new Date(times.first).toISOString() })
  return { ...tally.told(), parts, cutOff, id: hash.digest('hex') }
}

/** The RDB in front is told from others by its size, its first bytes, and the CRC at its end. */
async function hashBase(hash: Hash, { files }: AofInput, bytes: number): Promise<void> {
  const [first] = files
  hash.update(`${bytes}:`)
  if (first === undefined || bytes === 0) return
  const head = Buffer.alloc(Math.min(bytes, 64 * 1024))
  await first.read(head, 0, head.length, 0)
  const tail = Buffer.alloc(8)
  await first.read(tail, 0, tail.length, Math.max(0, bytes - tail.length))
  hash.update(head).update(tail)
}

interface FileSurvey {
  /** Everything before this offset goes along. */
  readonly to: number
  readonly inTransaction: boolean
  /** What follows was written after the moment to stop at. */
  readonly stopped: boolean
}

async function surveyFile(
  file: AofFile,
  from: number,
  {
    until,
    tally,
    hash,
    progress,
    signal,
  }: AofSurveyOptions & { readonly tally: CommandTally; readonly hash: Hash },
): Promise<FileSurvey> {
  const reader = file.reader(from, file.size, (bytes) => hash.update(bytes))
  const frame = new UnitFrame(0, (offset, reason) =>
    fail('file.corrupt', { file: file.path, offset, reason }),
  )
  let to = from
  for await (const batch of reader.batches()) {
    if (signal.aborted) fail('job.cancelled')
    for (const command of batch) {
      tally.time(command)
      if (until !== undefined && command.writtenAt !== null && command.writtenAt > until)
        return { to, inTransaction: frame.open, stopped: true }
      const unit = frame.take(command)
      if (frame.open) continue
      to = command.end
      if (unit !== null) tally.unit(unit)
    }
    progress(file.start + reader.position)
  }
  if (!frame.open && !reader.cut) to = reader.position
  return { to, inTransaction: frame.open, stopped: false }
}

/** Counts what goes past. */
class CommandTally {
  times: { first: number; last: number } | null = null
  readonly #rules: CommandRules
  readonly #dbMap: KeyRules['dbMap']
  readonly #onCommand: OnCommand
  readonly #byName = new Map<string, number>()
  readonly #unknown = new Map<string, number>()
  readonly #inseparable = new Map<string, number>()
  readonly #notInCluster = new Map<string, number>()
  readonly #needs = new Map<string, Need & { readonly count: number }>()
  readonly #dbs = new Set<number>()
  readonly #keys = new DistinctCount()
  readonly #scripts = new Map<string, Buffer>()
  #commands = 0
  #leftOut = 0
  #units = 0
  #crossing = 0
  #setsExpiry = false
  #setsFieldExpiry = false
  /** The slot of the unit at hand, and whether it has another one too. */
  #slot: number | null = null
  #crosses = false

  constructor(rules: KeyRules, onCommand: OnCommand = () => undefined) {
    this.#rules = new CommandRules(rules)
    this.#dbMap = rules.dbMap
    this.#onCommand = onCommand
  }

  time({ writtenAt }: AofCommand): void {
    if (writtenAt === null) return
    this.times ??= { first: writtenAt, last: writtenAt }
    this.times.last = Math.max(this.times.last, writtenAt)
  }

  unit({ commands }: Unit): void {
    this.#units += 1
    this.#slot = null
    this.#crosses = false
    for (const command of commands) this.#command(command)
    if (this.#crosses) this.#crossing += 1
  }

  told(): Omit<AofSurvey, 'parts' | 'cutOff' | 'id'> {
    const dbs = [...this.#dbs].sort((a, b) => a - b)
    return {
      commands: this.#commands,
      leftOut: this.#leftOut,
      byName: this.#byName,
      unknown: this.#unknown,
      needs: this.#needs,
      inseparable: this.#inseparable,
      notInCluster: this.#notInCluster,
      dbs,
      targetDbs: [...new Set(dbs.map(this.#dbMap))].sort((a, b) => a - b),
      keys: this.#keys.estimate,
      times: this.times,
      crossing: this.#units === 0 ? 0 : this.#crossing / this.#units,
      setsExpiry: this.#setsExpiry,
      setsFieldExpiry: this.#setsFieldExpiry,
      scripts: this.#scripts,
    }
  }

  #command(command: UnitCommand): void {
    const { shape, args, db } = command
    const name = nameOfCommand(command)
    this.#keepScript(command)
    const ruled = this.#rules.apply(command)
    this.#onCommand(command, ruled)
    if (ruled === 'left-out') {
      this.#leftOut += 1
      return
    }
    if (ruled === 'inseparable') {
      count(this.#inseparable, name)
      return
    }
    this.#commands += 1
    count(shape === null ? this.#unknown : this.#byName, name)
    this.#dbs.add(db)
    const impossible = impossibleInCluster(ruled)
    if (impossible !== null) count(this.#notInCluster, impossible)
    const need = needOf(ruled)
    if (need !== null) {
      const before = this.#needs.get(need.what)?.count ?? 0
      this.#needs.set(need.what, { ...need, count: before + 1 })
    }
    if (shape?.kind === 'write') for (const place of shape.keyPlaces(args)) this.#key(args[place]!, db)
    else this.#crosses = true
    if (setsExpiry(command)) this.#setsExpiry = true
    if (fieldExpiryCommands.has(name)) this.#setsFieldExpiry = true
  }

  #key(key: Buffer, db: number): void {
    this.#keys.add(key, db)
    const slot = keySlot(key)
    if (this.#slot !== null && this.#slot !== slot) this.#crosses = true
    this.#slot = slot
  }

  #keepScript(command: UnitCommand): void {
    const body = scriptOf(command)
    if (body === null) return
    const sha = createHash('sha1').update(body).digest('hex')
    if (!this.#scripts.has(sha)) this.#scripts.set(sha, Buffer.from(body))
  }
}

function count(names: Map<string, number>, name: string): void {
  names.set(name, (names.get(name) ?? 0) + 1)
}
