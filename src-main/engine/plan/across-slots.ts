import type { UnitCommand } from '../flow/units.ts'
import { keySlot } from '../bytes/crc16.ts'
import { shapeOf } from '../resp/commands.ts'
import type { Argument } from '../resp/encode.ts'
import { argumentsAKey, readsTheRest, writesTheLast } from './key-roles.ts'

/** A value of the target, as DUMP gives it, and when it expires (milliseconds; null: it does not). */
export interface DumpedValue {
  readonly payload: Buffer
  readonly expiresAt: number | null
}

/** What a step must know of keys in other slots. `element`: of a list, the first or the last. `member`: of a set. */
export type Read =
  | { readonly kind: 'value'; readonly key: Buffer }
  | { readonly kind: 'element'; readonly key: Buffer; readonly index: 0 | -1 }
  | { readonly kind: 'member'; readonly key: Buffer; readonly member: Buffer }

/** What was found, in the order of the reads; null where there is nothing. */
export type Found = DumpedValue | Buffer | null

/** What one slot does of a command over several, in one transaction. */
export interface SlotStep {
  readonly slot: number
  readonly reads: readonly Read[]
  /** The commands, all of this slot; null where what was looked for is not there: the command fails. */
  write(found: readonly Found[]): readonly (readonly Argument[])[] | null
}

const movesAnElement: ReadonlySet<string> = new Set(['RPOPLPUSH', 'BRPOPLPUSH', 'LMOVE', 'BLMOVE'])
const takesAName: ReadonlySet<string> = new Set(['RENAME', 'RENAMENX'])
/** In a cluster there is but one database. */
const ofDatabases: ReadonlySet<string> = new Set(['SWAPDB', 'MOVE'])
const scripts: ReadonlySet<string> = new Set(['EVAL', 'EVALSHA', 'FCALL'])

/** The slots of these keys, each once. */
export function slotsOf(keys: readonly Uint8Array[]): readonly number[] {
  return [...new Set(keys.map((key) => keySlot(key)))]
}

/**
 * What of this command a cluster cannot do, in words (`EVAL across slots`); null where it can, be it in several steps.
 * SORT refuses patterns there, since it does not know whose slots they name (`sort.c`).
 */
export function impossibleInCluster({ shape, args }: UnitCommand): string | null {
  if (shape === null) return args[0]!.toString('latin1').toUpperCase().slice(0, 64)
  const { name } = shape
  if (ofDatabases.has(name)) return name
  if (name === 'SORT') {
    const pattern = patternOf(args)
    if (pattern !== null) return `SORT ${pattern}`
  }
  const places = shape.keyPlaces(args)
  if (scripts.has(name) && places.length === 0) return `${name} without keys`
  if (places.length < 2 || slotsOf(places.map((place) => args[place]!)).length < 2) return null
  return isSeparable(name) ? null : `${name} across slots`
}

function isSeparable(name: string): boolean {
  return (
    argumentsAKey[name] !== undefined ||
    name === 'PFCOUNT' ||
    name === 'SMOVE' ||
    takesAName.has(name) ||
    movesAnElement.has(name) ||
    readsTheRest.has(name) ||
    writesTheLast.has(name)
  )
}

/** Arguments of SORT's options. */
const sortArguments: Readonly<Record<string, number>> = { BY: 1, GET: 1, LIMIT: 2, STORE: 1 }

function patternOf(args: readonly Buffer[]): 'BY' | 'GET' | null {
  for (let at = 2; at < args.length; at += 1) {
    const word = args[at]!.toString('latin1').toUpperCase()
    if (word === 'GET') return 'GET'
    if (word === 'BY' && args[at + 1]?.includes('*') === true) return 'BY'
    at += sortArguments[word] ?? 0
  }
  return null
}

/**
 * The steps that do, one after another, what a command over several slots does at once. Where a value goes from one
 * slot to another, it is written first and then taken away: whoever begins anew between the two finds it where it was.
 * `temporary` names a key of a slot for the time of one transaction.
 */
export function stepsAcross(
  words: readonly Buffer[],
  temporary: (slot: number, index: number) => string,
): readonly SlotStep[] {
  const shape = shapeOf(words[0]!)
  if (shape === null) return []
  const { name } = shape
  const places = shape.keyPlaces(words)
  const width = argumentsAKey[name]
  if (width !== undefined) return separated(words, places, width)
  const [, source, destination] = words as [Buffer, Buffer, Buffer]
  if (takesAName.has(name)) return [put(source, destination), just(source, ['DEL', source])]
  if (name === 'COPY') return [put(source, destination)]
  if (name === 'SMOVE') return movedMember(source, destination, words[3]!)
  if (movesAnElement.has(name)) return movedElement(source, destination, sidesOf(words))
  if (readsTheRest.has(name)) return [computed(words, places, places[0]!, temporary)]
  if (writesTheLast.has(name)) return [computed(words, places, places.at(-1)!, temporary)]
  // PFCOUNT of several keys changes none of them.
  return []
}

function just(key: Buffer, command: readonly Argument[]): SlotStep {
  return { slot: keySlot(key), reads: [], write: () => [command] }
}

function separated(words: readonly Buffer[], places: readonly number[], width: number): readonly SlotStep[] {
  const bySlot = new Map<number, Buffer[]>()
  for (const place of places) {
    const slot = keySlot(words[place]!)
    const some = bySlot.get(slot) ?? []
    bySlot.set(slot, some)
    some.push(...words.slice(place, place + width))
  }
  // Only one that has set something is in a stream.
  const name = width === 2 ? 'MSET' : words[0]!
  return [...bySlot].map(([slot, some]) => ({ slot, reads: [], write: () => [[name, ...some]] }))
}

function put(source: Buffer, destination: Buffer): SlotStep {
  return {
    slot: keySlot(destination),
    reads: [{ kind: 'value', key: source }],
    write: ([value]) => (isValue(value) ? restored(destination, value) : null),
  }
}

function restored(key: Argument, { payload, expiresAt }: DumpedValue): readonly (readonly Argument[])[] {
  return [
    ['RESTORE', key, 0, payload, 'REPLACE'],
    ...(expiresAt === null ? [] : [['PEXPIREAT', key, expiresAt]]),
  ]
}

interface Sides {
  readonly from: 'L' | 'R'
  readonly to: 'L' | 'R'
}

function sidesOf(words: readonly Buffer[]): Sides {
  const side = (at: number): 'L' | 'R' => (/^l/i.test(String(words[at])) ? 'L' : 'R')
  return words[0]!.toString('latin1').toUpperCase().endsWith('LMOVE')
    ? { from: side(3), to: side(4) }
    : { from: 'R', to: 'L' }
}

function movedElement(source: Buffer, destination: Buffer, { from, to }: Sides): readonly SlotStep[] {
  const read: Read = { kind: 'element', key: source, index: from === 'L' ? 0 : -1 }
  return [written(destination, read, `${to}PUSH`), just(source, [`${from}POP`, source])]
}

function movedMember(source: Buffer, destination: Buffer, member: Buffer): readonly SlotStep[] {
  return [
    written(destination, { kind: 'member', key: source, member }, 'SADD'),
    just(source, ['SREM', source, member]),
  ]
}

/** From where there is nothing, nothing is moved. */
function written(destination: Buffer, read: Read, command: string): SlotStep {
  return {
    slot: keySlot(destination),
    reads: [read],
    write: ([found]) => (Buffer.isBuffer(found) ? [[command, destination, found]] : []),
  }
}

/** What it reads is brought to where it writes, under names that are gone again when the transaction ends. */
function computed(
  words: readonly Buffer[],
  places: readonly number[],
  writes: number,
  temporary: (slot: number, index: number) => string,
): SlotStep {
  const slot = keySlot(words[writes]!)
  const away = places.filter((place) => keySlot(words[place]!) !== slot)
  return {
    slot,
    reads: away.map((place) => ({ kind: 'value', key: words[place]! })),
    write: (found) => {
      const named: Argument[] = [...words]
      for (const [index, place] of away.entries()) named[place] = temporary(slot, index)
      const brought = away.flatMap((place, index) => {
        const value = found[index]
        return isValue(value) ? restored(named[place]!, { ...value, expiresAt: null }) : []
      })
      return [...brought, named, ['DEL', ...away.map((place) => named[place]!)]]
    },
  }
}

function isValue(found: Found | undefined): found is DumpedValue {
  return found !== undefined && found !== null && !Buffer.isBuffer(found)
}
