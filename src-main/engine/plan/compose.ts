import { crc64, type Crc64Arena } from '../bytes/crc64.ts'
import type { EntryBatch } from '../flow/entry.ts'
import { encoding, lengthSize } from '../rdb/length.ts'
import { type } from '../rdb/opcodes.ts'
import { unpackedLength, unpackString } from '../rdb/unpack.ts'
import { CorruptValue } from '../rdb/skip.ts'
import type { ReadyCommands } from '../rdb/value-commands.ts'
import { oldestPayloadVersion } from '../rdb/writer.ts'
import type { Block } from '../target/block.ts'
import type { Names } from './names.ts'

export interface ComposeOptions {
  /**
   * How plain strings go: as RESTORE like all others, each as a SET, or runs of them as MSET. Set only where
   * overwriting is allowed, or nothing is there to be overwritten.
   */
  readonly strings: 'restore' | 'set' | 'pack'
  /** The target has databases to select. */
  readonly selects: boolean
  /** RESTORE takes ABSTTL (5.0): expiry as an absolute time. Else what is left of it on the target's clock. */
  readonly absoluteTtl: boolean
  /** RESTORE takes REPLACE (3.0). Else the key is deleted before. */
  readonly replaceOption: boolean
  /** RESTORE takes IDLETIME and FREQ (5.0). */
  readonly access: boolean
  /** The version to stamp on payloads whose type does not ask for a later one. */
  readonly fileVersion: number
  /** What keys are called on the target; null where each keeps its name. */
  readonly names: Names | null
}

/** A value made anew, because the target does not read the type it has in the file (`rdb/down-convert.ts`). */
export interface RemadeValue {
  readonly type: number
  readonly value: Uint8Array
}

/** A string above this goes as RESTORE: packing it saves nothing. */
const packedValueBytes = 8 * 1024
/** Strings in one MSET; measured, see docs/decisions. */
const packedKeys = 64
/** All of a RESTORE but key and value: header, lengths, times, options, version, CRC. */
const frameBytes = 192
/** MSET's own header, and a SELECT before it. */
const headBytes = 64
const stagingBytes = 64 * 1024

/** Bytes of arena memory that a composer needs besides the blocks. */
export const composerBytes = stagingBytes + 64

/** From this type on a payload's version also tells Redis's types from Valkey's, so the file's own goes along. */
const firstContestedType = 22

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const restoreHead = [4, 5, 6, 7, 8, 9].map((count) => ascii(`*${count}\r\n$7\r\nRESTORE\r\n$`))
const replaceTail = ascii('$7\r\nREPLACE\r\n')
const absttlTail = ascii('$6\r\nABSTTL\r\n')
const idleTail = ascii('$8\r\nIDLETIME\r\n$')
const freqTail = ascii('$4\r\nFREQ\r\n$')
const noTtl = ascii('\r\n$1\r\n0\r\n$')
const selectHead = ascii('*2\r\n$6\r\nSELECT\r\n$')
const delHead = ascii('*2\r\n$3\r\nDEL\r\n')
const msetName = ascii('$4\r\nMSET\r\n')
const setHead = ascii('*3\r\n$3\r\nSET\r\n')

/**
 * Writes entries as commands, straight into blocks. Everything lies in one arena: the window the entries were
 * read in, the blocks, and a staging area where plain strings gather until there are enough for one MSET.
 * Nothing is allocated for a key.
 */
export class Composer {
  readonly #arena: Crc64Arena
  readonly #memory: Uint8Array
  readonly #staging: number
  readonly #scratch: number
  readonly #options: ComposeOptions
  #staged = 0
  #stagedEnd: number
  #stagedDb = -1
  /** The database that the block's commands so far have selected; -1 at its start. */
  #db = -1
  /** The name of the key being written is keyFrom[keyStart, keyEnd). */
  #keyFrom: Uint8Array
  #keyStart = 0
  #keyEnd = 0

  /** RESTORE may overwrite; may change from key to key. */
  replace = false

  /** `offset`: where in the arena `composerBytes` are ours. */
  constructor(arena: Crc64Arena, offset: number, options: ComposeOptions) {
    this.#arena = arena
    this.#memory = arena.memory
    this.#keyFrom = arena.memory
    this.#staging = offset
    this.#scratch = offset + stagingBytes
    this.#stagedEnd = offset
    this.#options = options
  }

  /** A new block: whatever connection it goes by, it selects its database itself. */
  begin(): void {
    this.#db = -1
  }

  /** Room that an entry can take in a block at most, with all that is staged. */
  needed(batch: EntryBatch, index: number): number {
    const key = this.#keyBytes(batch, index)
    const value = batch.valueEnd[index]! - batch.valueStart[index]!
    return key + Math.max(value, this.#stagingRoom(batch, index)) + frameBytes + this.#stagedBytes()
  }

  /** The same for an entry that goes alone, in a block of its own. */
  neededAlone(batch: EntryBatch, index: number): number {
    return this.needed(batch, index) - this.#stagedBytes()
  }

  /** The same for one whose value has been made anew: in a block with others, or alone. */
  neededRemade(batch: EntryBatch, index: number, { value }: RemadeValue): { among: number; alone: number } {
    const alone = this.#keyBytes(batch, index) + value.length + frameBytes
    return { among: alone + this.#stagedBytes(), alone }
  }

  /** The same for commands that were made elsewhere, of so many bytes. */
  neededReady(bytes: number): number {
    return bytes + headBytes + this.#stagedBytes()
  }

  /** Appends commands that were made elsewhere, for keys of this database of the target. */
  ready(block: Block, db: number, { bytes, count }: ReadyCommands): void {
    this.#select(block, db)
    block.memory.set(bytes, block.position)
    block.position += bytes.length
    block.commands += count
  }

  /** Writes one key. `db` is the target's. The block has the room that `needed` told. */
  key(block: Block, batch: EntryBatch, index: number, db: number, ttl: number): void {
    this.#name(batch, index)
    if (
      this.#options.strings !== 'restore' &&
      batch.type[index] === type.STRING &&
      ttl === 0 &&
      this.#set(block, batch, index, db)
    )
      return
    this.#restoreAsItIs(block, batch, index, db, ttl)
  }

  /** Writes one key with a value made anew. The block has the room that `neededRemade` told. */
  remade(
    block: Block,
    batch: EntryBatch,
    index: number,
    db: number,
    ttl: number,
    { type: code, value }: RemadeValue,
  ): void {
    this.#name(batch, index)
    this.#restore(block, batch, index, db, ttl, code, value, 0, value.length)
  }

  /** Writes one key into a block that is its alone; what is staged stays staged. */
  keyAlone(block: Block, batch: EntryBatch, index: number, db: number, ttl: number): void {
    const selected = this.#db
    this.#db = -1
    this.#name(batch, index)
    this.#restoreAsItIs(block, batch, index, db, ttl)
    this.#db = selected
  }

  /** Forgets what is staged: it will be read again. */
  drop(): void {
    this.#staged = 0
    this.#stagedEnd = this.#staging
  }

  /** Writes out what is staged. The block must be complete after it, or go on being filled. */
  flush(block: Block): void {
    if (this.#staged === 0) return
    this.#select(block, this.#stagedDb)
    const { memory } = block
    let at = block.position
    memory[at] = 42 // *
    at = writeUint(memory, at + 1, this.#staged * 2 + 1)
    memory[at] = 13
    memory[at + 1] = 10
    at = writeBytes(memory, at + 2, msetName)
    block.position = copy(memory, at, this.#memory, this.#staging, this.#stagedEnd)
    block.commands += 1
    this.#staged = 0
    this.#stagedEnd = this.#staging
  }

  /** What the value would take unpacked among the staged: more than in the file, if it is compressed there. */
  #stagingRoom(batch: EntryBatch, index: number): number {
    if (this.#options.strings === 'restore' || batch.type[index] !== type.STRING) return 0
    const unpacked = unpackedLength(this.#memory, batch.valueStart[index]!)
    return unpacked > packedValueBytes ? 0 : unpacked
  }

  #stagedBytes(): number {
    return this.#stagedEnd - this.#staging + headBytes
  }

  /** Sets a plain string: at once, or among those that go as one MSET. False where it is better restored. */
  #set(block: Block, batch: EntryBatch, index: number, db: number): boolean {
    if (batch.idle[index]! >= 0 || batch.frequency[index]! >= 0) return false
    const valueBytes = unpackedLength(this.#memory, batch.valueStart[index]!)
    const keyBytes = this.#keyEnd - this.#keyStart
    if (valueBytes > packedValueBytes || keyBytes > packedValueBytes) return false
    return this.#options.strings === 'set'
      ? this.#setAlone(block, batch, index, db, valueBytes)
      : this.#stage(block, batch, index, db, keyBytes, valueBytes)
  }

  #setAlone(block: Block, batch: EntryBatch, index: number, db: number, valueBytes: number): boolean {
    this.#select(block, db)
    const at = writeBytes(block.memory, block.position, setHead)
    const end = this.#writePair(block.memory, at, batch, index, valueBytes)
    if (end < 0) return false
    block.position = end
    block.commands += 1
    return true
  }

  #stage(
    block: Block,
    batch: EntryBatch,
    index: number,
    db: number,
    keyBytes: number,
    valueBytes: number,
  ): boolean {
    if (
      this.#staged === packedKeys ||
      this.#stagedEnd - this.#staging + keyBytes + valueBytes + 64 > stagingBytes ||
      (this.#staged > 0 && db !== this.#stagedDb)
    )
      this.flush(block)
    const end = this.#writePair(this.#memory, this.#stagedEnd, batch, index, valueBytes)
    if (end < 0) return false
    this.#stagedDb = db
    this.#staged += 1
    this.#stagedEnd = end
    return true
  }

  /** Writes key and value as arguments; gives the position behind them, or -1 where the value cannot be unpacked. */
  #writePair(into: Uint8Array, start: number, batch: EntryBatch, index: number, valueBytes: number): number {
    const memory = this.#memory
    const valueStart = batch.valueStart[index]!
    const valueEnd = batch.valueEnd[index]!
    let at = writeArgument(into, start, this.#keyFrom, this.#keyStart, this.#keyEnd)
    const plain = lengthSize(memory, valueStart)
    if (plain > 0) return writeArgument(into, at, memory, valueStart + plain, valueEnd)
    if ((memory[valueStart]! & 0x3f) !== encoding.LZF) {
      // An integer: its digits must be counted before they are written.
      const digits = unpackString(memory, valueStart, valueEnd, memory, this.#scratch)
      return writeArgument(into, at, memory, this.#scratch, this.#scratch + digits)
    }
    at = writeLength(into, at, valueBytes)
    try {
      at += unpackString(memory, valueStart, valueEnd, into, at)
    } catch (thrown) {
      // The server shall say of this key that its value is bad; the others go on.
      if (thrown instanceof CorruptValue) return -1
      throw thrown
    }
    into[at] = 13
    into[at + 1] = 10
    return at + 2
  }

  /** Finds the name that the key has on the target. */
  #name(batch: EntryBatch, index: number): void {
    const { names } = this.#options
    if (names === null) {
      this.#keyStart = batch.keyStart[index]!
      this.#keyEnd = batch.keyEnd[index]!
      return
    }
    names.take(batch.db[index]!, batch.buffer, batch.keyStart[index]!, batch.keyEnd[index]!)
    this.#keyFrom = names.bytes
    this.#keyStart = names.start
    this.#keyEnd = names.end
  }

  /** Bytes that the key takes in the commands of its entry, at most. */
  #keyBytes(batch: EntryBatch, index: number): number {
    const key = batch.keyEnd[index]! - batch.keyStart[index]! + (this.#options.names?.longer ?? 0)
    return this.#options.replaceOption ? key : 2 * key
  }

  #restoreAsItIs(block: Block, batch: EntryBatch, index: number, db: number, ttl: number): void {
    const start = batch.valueStart[index]!
    const end = batch.valueEnd[index]!
    this.#restore(block, batch, index, db, ttl, batch.type[index]!, this.#memory, start, end)
  }

  /** The value is values[valueStart, valueEnd), of the type `code`. */
  #restore(
    block: Block,
    batch: EntryBatch,
    index: number,
    db: number,
    ttl: number,
    code: number,
    values: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    this.#select(block, db)
    if (this.replace && !this.#options.replaceOption) this.#delete(block)
    const replace = this.replace && this.#options.replaceOption
    const { absoluteTtl, access } = this.#options
    const idle = access ? batch.idle[index]! : -1
    const frequency = access ? batch.frequency[index]! : -1
    const options =
      (replace ? 1 : 0) + (ttl !== 0 && absoluteTtl ? 1 : 0) + (idle >= 0 ? 2 : frequency >= 0 ? 2 : 0)
    const into = block.memory
    let at = writeBytes(into, block.position, restoreHead[options]!)
    at = writeUint(into, at, this.#keyEnd - this.#keyStart)
    into[at] = 13
    into[at + 1] = 10
    at = copy(into, at + 2, this.#keyFrom, this.#keyStart, this.#keyEnd)
    if (ttl === 0) {
      at = writeBytes(into, at, noTtl)
    } else {
      into[at] = 13
      into[at + 1] = 10
      at = writeNumberArgument(into, at + 2, ttl)
      into[at] = 36 // $
      at += 1
    }
    at = writeUint(into, at, 1 + valueEnd - valueStart + 10)
    into[at] = 13
    into[at + 1] = 10
    at = this.#payload(into, at + 2, code, values, valueStart, valueEnd)
    into[at] = 13
    into[at + 1] = 10
    at += 2
    if (replace) at = writeBytes(into, at, replaceTail)
    if (ttl !== 0 && absoluteTtl) at = writeBytes(into, at, absttlTail)
    if (idle >= 0) at = writeTailNumber(into, writeBytes(into, at, idleTail), idle)
    else if (frequency >= 0) at = writeTailNumber(into, writeBytes(into, at, freqTail), frequency)
    block.position = at
    block.commands += 1
  }

  /** Type, value, version, CRC (`createDumpPayload` in `cluster.c`): what DUMP would have given. */
  #payload(
    into: Uint8Array,
    at: number,
    code: number,
    values: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): number {
    const version = code >= firstContestedType ? this.#options.fileVersion : oldestPayloadVersion
    into[at] = code
    const versionAt = copy(into, at + 1, values, valueStart, valueEnd)
    into[versionAt] = version & 0xff
    into[versionAt + 1] = version >> 8
    const crcAt = versionAt + 2
    if (into === this.#memory) {
      this.#arena.seal(at, crcAt - at)
      return crcAt + 8
    }
    if (values !== this.#memory) {
      const sum = crc64(into.subarray(at, crcAt))
      new DataView(into.buffer, into.byteOffset + crcAt, 8).setBigUint64(0, sum, true)
      return crcAt + 8
    }
    // A value with a block of its own outside the arena: its parts are summed where they lie inside it, and the
    // running CRC, which may be that of a whole snapshot, is put back.
    const running = this.#arena.value()
    const scratch = this.#memory
    scratch[this.#scratch] = code
    this.#arena.start()
    this.#arena.update(this.#scratch, 1)
    this.#arena.update(valueStart, valueEnd - valueStart)
    scratch[this.#scratch] = version & 0xff
    scratch[this.#scratch + 1] = version >> 8
    this.#arena.update(this.#scratch, 2)
    new DataView(into.buffer, into.byteOffset + crcAt, 8).setBigUint64(0, this.#arena.value(), true)
    this.#arena.start(running)
    return crcAt + 8
  }

  #delete(block: Block): void {
    const at = writeBytes(block.memory, block.position, delHead)
    block.position = writeArgument(block.memory, at, this.#keyFrom, this.#keyStart, this.#keyEnd)
    block.commands += 1
  }

  #select(block: Block, db: number): void {
    if (db === this.#db || !this.#options.selects) return
    this.#db = db
    block.position = writeTailNumber(block.memory, writeBytes(block.memory, block.position, selectHead), db)
    block.commands += 1
  }
}

/** `$<length>\r\n<bytes>\r\n`; gives the position behind it. */
export function writeArgument(
  into: Uint8Array,
  at: number,
  from: Uint8Array,
  start: number,
  end: number,
): number {
  const behind = copy(into, writeLength(into, at, end - start), from, start, end)
  into[behind] = 13
  into[behind + 1] = 10
  return behind + 2
}

function writeLength(into: Uint8Array, at: number, length: number): number {
  into[at] = 36 // $
  const behind = writeUint(into, at + 1, length)
  into[behind] = 13
  into[behind + 1] = 10
  return behind + 2
}

/** `$<digits>\r\n<number>\r\n` */
function writeNumberArgument(into: Uint8Array, at: number, value: number): number {
  into[at] = 36 // $
  return writeTailNumber(into, at + 1, value)
}

/** `<digits>\r\n<number>\r\n`: what follows a `$` already written. */
function writeTailNumber(into: Uint8Array, at: number, value: number): number {
  const text = String(value)
  let behind = writeUint(into, at, text.length)
  into[behind] = 13
  into[behind + 1] = 10
  behind += 2
  for (let index = 0; index < text.length; index += 1) into[behind + index] = text.charCodeAt(index)
  behind += text.length
  into[behind] = 13
  into[behind + 1] = 10
  return behind + 2
}

/** A whole number below 2^31 in decimal; gives the position behind it. */
export function writeUint(into: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    into[at] = 48 + value
    return at + 1
  }
  let digits = 2
  for (let limit = 100; limit <= value; limit *= 10) digits += 1
  let rest = value
  for (let index = at + digits - 1; index >= at; index -= 1) {
    const tens = (rest / 10) | 0
    into[index] = 48 + rest - tens * 10
    rest = tens
  }
  return at + digits
}

function writeBytes(into: Uint8Array, at: number, bytes: Uint8Array): number {
  for (let index = 0; index < bytes.length; index += 1) into[at + index] = bytes[index]!
  return at + bytes.length
}

/** Below this a loop beats the call of a built-in. */
const shortCopy = 48

function copy(into: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length <= shortCopy)
    for (let index = 0; index < length; index += 1) into[at + index] = from[start + index]!
  else if (into === from) into.copyWithin(at, start, end)
  else into.set(from.subarray(start, end), at)
  return at + length
}

/** The bytes of the value's string, for the code of a function library. */
export function unpackedValue(batch: EntryBatch, index: number): Buffer {
  const start = batch.valueStart[index]!
  const value = Buffer.alloc(unpackedLength(batch.buffer, start))
  return value.subarray(0, unpackString(batch.buffer, start, batch.valueEnd[index]!, value, 0))
}
