import { keySlot } from '../bytes/crc16.ts'
import { knowsEveryForm, type Tongue } from '../plan/command-versions.ts'
import { guardMs, namesExpiry } from '../plan/expiry.ts'
import { hasOneKey, keyedCommands, shapeOf } from '../resp/commands.ts'
import type { PlainTarget } from '../target/live-target.ts'
import type { PlainCommand } from '../target/plain-run.ts'
import { carriesExpiry, longestNumber } from './guarded-rewriter.ts'
import type { TtlGuard } from './ttl-guard.ts'

/** A command by its name, in upper case. */
interface Named {
  readonly name: Buffer
  /** With how many arguments it has no key but the one behind its name: any number, or just two. */
  readonly anyNumber: boolean
  /** Its arguments say how it goes. */
  readonly form: 'as it came' | 'SET' | 'PEXPIREAT'
}

const star = 42
const dollar = 36
const minus = 45
const cr = 13
const lf = 10
const zero = 48
const upper = 0xdf
const longestName = 16
/** Of a time that is not 0, is no more than ours to add to, and stays exact. */
const longestTime = 15
const pxat = Buffer.from('PXAT')

/**
 * Most of a stream are commands of one key that go to the target as they came, or but for the time at their end: these
 * are recognised in the bytes of the stream and put into their lanes from there, without a unit for each. Whatever is
 * not as plain as that, or not whole, is left to `Voice` and those who ask it; both must send the same.
 */
export class PlainCommands {
  readonly #target: PlainTarget
  readonly #guard: Pick<TtlGuard, 'mode'>
  readonly #known = new Map<number, Named>()
  readonly #command: { -readonly [K in keyof PlainCommand]: PlainCommand[K] } = {
    lane: 0,
    bytes: Buffer.alloc(0),
    from: 0,
    to: 0,
    end: 0,
    db: 0,
    last: null,
    lastFrom: 0,
  }
  /** Behind the number that was read last. */
  #next = 0
  #full = false

  constructor(target: PlainTarget, tongue: Tongue, guard: Pick<TtlGuard, 'mode'>) {
    this.#target = target
    this.#guard = guard
    for (const name of keyedCommands) {
      const named = namedOf(name, tongue)
      if (named !== null) this.#known.set(hashOf(named.name, 0, name.length), named)
    }
  }

  /** The database that is selected. */
  set db(db: number) {
    this.#command.db = db
  }

  /** Resolves when more may come; null: at once. */
  room(): Promise<void> | null {
    this.#full = false
    return this.#target.room()
  }

  /** Places the command that begins at `at`, `offset` being that of the last byte before it; see `CommandParser.pass`. */
  readonly take = (bytes: Buffer, at: number, offset: number): number => {
    if (this.#full || bytes[at] !== star) return 0
    const count = this.#number(bytes, at + 1)
    const nameLength = this.#length(bytes, this.#next)
    if (count < 2 || nameLength < 1) return 0
    const nameAt = this.#next
    const named = this.#namedAt(bytes, nameAt, nameLength)
    if (named === null || (count !== 2 && !named.anyNumber)) return 0
    const keyLength = this.#length(bytes, nameAt + nameLength + 2)
    const keyAt = this.#next
    if (keyLength < 0) return 0
    let to = keyAt + keyLength + 2
    let before = 0
    let lastFrom = 0
    let lastAt = 0
    for (let index = 2; index < count; index += 1) {
      before = lastAt
      lastFrom = to
      const length = this.#length(bytes, to)
      if (length < 0) return 0
      lastAt = this.#next
      to = lastAt + length + 2
    }
    if (!this.#isPlain(bytes, named, count, before, lastAt, to)) return 0
    const command = this.#command
    command.lastFrom = lastFrom
    command.lane = keySlot(bytes, keyAt, keyAt + keyLength) % this.#target.lanes
    command.bytes = bytes
    command.from = at
    command.to = to
    command.end = offset + to - at
    this.#full = !this.#target.placePlain(command)
    return to - at
  }

  /** Can it go like this? Where its last argument goes as another, that is in the command. */
  #isPlain(bytes: Buffer, { form }: Named, count: number, before: number, last: number, to: number): boolean {
    const command = this.#command
    command.last = null
    switch (form) {
      case 'as it came':
        return true
      case 'SET':
        if (count === 3) return !mayBeNumber(bytes, last, to - 2)
        return count === 5 && isPxat(bytes, before) && this.#retime(bytes, last, to - 2)
      case 'PEXPIREAT':
        return count === 3 && this.#retime(bytes, last, to - 2)
    }
  }

  /** Puts the time bytes[start, end) where the guard wants it; false where that is not as simple as this. */
  #retime(bytes: Buffer, start: number, end: number): boolean {
    if (this.#guard.mode !== 'guarded' || end - start > longestTime || bytes[start] === zero) return false
    let time = 0
    for (let at = start; at < end; at += 1) {
      const digit = bytes[at]! - zero
      if (digit < 0 || digit > 9) return false
      time = time * 10 + digit
    }
    if (end === start || time >= guardMs) return false
    const text = String(time + guardMs)
    this.#command.last = Buffer.from(`$${text.length}\r\n${text}\r\n`, 'latin1')
    return true
  }

  #namedAt(bytes: Buffer, at: number, length: number): Named | null {
    if (length > longestName) return null
    const named = this.#known.get(hashOf(bytes, at, length))
    if (named === undefined || named.name.length !== length) return null
    for (let index = 0; index < length; index += 1)
      if ((bytes[at + index]! & upper) !== named.name[index]) return null
    return named
  }

  /** The length of the argument that begins at `at`, and `#next` is behind that; -1 where not all of it is at hand. */
  #length(bytes: Buffer, at: number): number {
    if (at >= bytes.length || bytes[at] !== dollar) return -1
    const length = this.#number(bytes, at + 1)
    return length >= 0 && endsHere(bytes, this.#next + length) ? length : -1
  }

  /** The number at `at`, up to its CR LF; -1 where there is none, or not all of it. */
  #number(bytes: Buffer, at: number): number {
    let value = 0
    let next = at
    for (; next < bytes.length; next += 1) {
      const digit = bytes[next]! - zero
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (next === at || next - at > 10 || !endsHere(bytes, next)) return -1
    this.#next = next + 2
    return value
  }
}

function endsHere(bytes: Buffer, at: number): boolean {
  return at + 1 < bytes.length && bytes[at] === cr && bytes[at + 1] === lf
}

function isPxat(bytes: Buffer, at: number): boolean {
  for (let index = 0; index < 4; index += 1) if ((bytes[at + index]! & upper) !== pxat[index]) return false
  return bytes[at + 4] === cr
}

/** As `GuardedRewriter` looks for sums, and more than these. */
function mayBeNumber(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start]!
  return end - start <= longestNumber && (first === minus || (first >= zero && first <= zero + 9))
}

/** Case does not matter. */
function hashOf(bytes: Uint8Array, at: number, length: number): number {
  let hash = length
  for (let index = 0; index < length; index += 1) hash = (hash * 31 + (bytes[at + index]! & upper)) | 0
  return hash
}

/** Null where it does not go like this, whatever its arguments are. */
function namedOf(name: string, tongue: Tongue): Named | null {
  const bytes = Buffer.from(name)
  const shape = shapeOf(bytes)
  if (shape === null || !hasOneKey(shape, 2) || carriesExpiry.has(name) || name.length > longestName)
    return null
  // Of the forms that go like this, a target without PXAT lacks one.
  if (name === 'SET' || name === 'PEXPIREAT')
    return knowsEveryForm(tongue, name) ? { name: bytes, anyNumber: true, form: name } : null
  if (namesExpiry.has(name) || !knowsEveryForm(tongue, name)) return null
  return { name: bytes, anyNumber: hasOneKey(shape, 3), form: 'as it came' }
}
