import { escapeKey } from '#contract/escape-key.ts'
import { fail, FailureError, makeFailure, toFailure, type FailureParams } from '#contract/failure.ts'
import type { ByteFeed, WindowFeed } from '../bytes/feed.ts'
import { EntryBatch, entryKind, type BigEntry } from '../flow/entry.ts'
import { readUint32 } from './integer.ts'
import { lengthAt, lengthSize } from './length.ts'
import { isKnownVersion, opcode, opcodeName, type RdbFlavour, type RdbHeader } from './opcodes.ts'
import { skipModule } from './module.ts'
import { CorruptValue, more, skipLength, skipOpcode, skipString, skipValue } from './skip.ts'
import { run, type Steps } from './steps.ts'
import { skipString as passString, StringReader } from './string.ts'
import { unpackedLength, unpackString } from './unpack.ts'

/** What the reader came to. `big`: `reader.big` tells the key; the feed stands at its value, to be consumed by the caller. */
export type Step = 'batch' | 'big' | 'end'

export interface ReaderOptions {
  /** The file's name, for failures. */
  readonly file: string
  /** A value that does not fit so many bytes, with its key, is given as `big`. At most the feed's capacity. */
  readonly bigValueBytes: number
  /**
   * Where in `feed.buffer` keys are unpacked that the file holds as integers or LZF; not part of the window. A
   * key that does not fit there makes its entry a `big` one.
   */
  readonly scratchStart: number
  readonly scratchBytes: number
  /** Carry on from here: the header and position of an entry seen before. */
  readonly resume?: { readonly header: RdbHeader; readonly db: number }
  readonly onAux?: (name: string, value: Buffer) => void
  /** Every opcode that carries no key, as it is met; but not RESIZEDB, which only hints at sizes. */
  readonly onOpcode?: (code: number) => void
}

/** What stands before a key, and where the key begins. */
interface EntryHead {
  readonly type: number
  readonly keyAt: number
  readonly expireAt: number
  readonly idle: number
  readonly frequency: number
}

/** `databases` is an int. */
const largestDb = 2 ** 31 - 1

/** Bytes that the opcodes before a key can take: EXPIRETIME_MS, IDLE, FREQ, and the type. */
const entryHeadBytes = 9 + 10 + 2 + 1

/**
 * Walks an RDB file (every version of Redis, and Valkey's) from one key to the next, at the raw level: where a
 * value lies, not what is in it. https://github.com/redis/redis `rdb.c`, `rdbLoadRioWithLoadingCtx`.
 */
export class RdbReader {
  readonly #feed: WindowFeed
  readonly #options: ReaderOptions
  #header: RdbHeader | null
  #db: number
  #scratch: number
  /** The scratch area could not take the last key: the batch ends before it. */
  #scratchFull = false
  #big: BigEntry | null = null

  constructor(feed: WindowFeed, options: ReaderOptions) {
    this.#feed = feed
    this.#options = options
    this.#header = options.resume?.header ?? null
    this.#db = options.resume?.db ?? 0
    this.#scratch = options.scratchStart
  }

  /** Known once the first step has been taken. */
  get header(): RdbHeader {
    if (this.#header === null) throw new Error('the header is read with the first step')
    return this.#header
  }

  get big(): BigEntry {
    if (this.#big === null) throw new Error('there is a big entry only after the step `big`')
    return this.#big
  }

  /**
   * Goes on. The batch is filled from its start; it holds until the next call. Fails with `file.not-rdb`,
   * `file.version-unsupported`, `file.truncated`, `file.corrupt` or `file.unknown-type`.
   */
  async next(batch: EntryBatch): Promise<Step> {
    batch.count = 0
    this.#scratch = this.#options.scratchStart
    this.#scratchFull = false
    if (this.#header === null) await this.#readHeader()
    for (;;) {
      const state = this.#walk(batch)
      if (state === 'full' || (state === 'more' && batch.count > 0) || (state === 'end' && batch.count > 0))
        return 'batch'
      if (state === 'end') return 'end'
      if (state === 'large' || (state === 'more' && (await this.#readMore()))) {
        if (await this.#passLarge()) return 'big'
      }
    }
  }

  async #readHeader(): Promise<void> {
    const feed = this.#feed
    const { file } = this.#options
    if (!(await feed.fill(1))) fail('file.empty', { file })
    await feed.fill(9)
    const magic = Buffer.from(
      feed.buffer.subarray(feed.position, Math.min(feed.position + 9, feed.end)),
    ).toString('latin1')
    const parts = /^(?:(REDIS)(\d{4})|(VALKEY)(\d{3}))$/.exec(magic)
    if (parts === null) {
      if (
        magic.length < 9 &&
        ('REDIS'.startsWith(magic.slice(0, 5)) || 'VALKEY'.startsWith(magic.slice(0, 6)))
      )
        fail('file.truncated', { file, offset: magic.length })
      fail('file.not-rdb', { file })
    }
    const header: RdbHeader =
      parts[1] === undefined
        ? { flavour: 'valkey', version: Number(parts[4]) }
        : { flavour: 'redis', version: Number(parts[2]) }
    if (!isKnownVersion(header)) fail('file.version-unsupported', { file, version: magic })
    this.#header = header
    feed.position += 9
  }

  /**
   * More input is needed to finish the entry at the cursor. Doubles what is held each time, so that walking an
   * entry again from its start costs no more than twice its length. True where it has become a large one.
   */
  async #readMore(): Promise<boolean> {
    const feed = this.#feed
    const held = feed.end - feed.position
    const limit = Math.min(this.#options.bigValueBytes, feed.capacity)
    if (held < limit) {
      const wanted = Math.min(Math.max(held * 2, entryHeadBytes), limit)
      const reached = await feed.fill(wanted)
      if (!reached && feed.end - feed.position === held) this.#truncated()
      return false
    }
    return true
  }

  #truncated(): never {
    const key = this.#keyAtCursor()
    fail('file.truncated', {
      file: this.#options.file,
      offset: this.#feed.offsetOf(this.#feed.end),
      ...(key === null ? {} : { key }),
    })
  }

  /** Goes past what does not fit at the cursor: an opcode, or the head of an entry; then true. */
  async #passLarge(): Promise<boolean> {
    const feed = this.#feed
    const first = feed.buffer[feed.position]!
    const offset = feed.offsetOf(feed.position)
    if (first > 240 && !beginsEntry(first)) {
      if (first !== opcode.AUX && first !== opcode.MODULE_AUX)
        this.#corrupt(feed.position, `${opcodeName(first)} of more bytes than a value may have`)
      feed.position += 1
      await this.#stepThrough<unknown>(first === opcode.AUX ? skipAux(feed) : skipModule(feed))
      if (first === opcode.MODULE_AUX) this.#options.onOpcode?.(first)
      return false
    }
    const head = this.#entryHead(feed.position, feed.end)
    if (head === null) this.#corrupt(feed.position, 'an entry that does not begin')
    feed.position = head.keyAt
    const key = await this.#stepThrough(wholeString(feed))
    const { type, expireAt, idle, frequency } = head
    this.#big = { type, db: this.#db, key, expireAt, idle, frequency, offset }
    return true
  }

  /** Goes through a walk in pieces, which knows neither the file nor the place. */
  async #stepThrough<T>(steps: Steps<T>): Promise<T> {
    const feed = this.#feed
    try {
      return await run(steps)
    } catch (thrown) {
      const { code, params } = toFailure(thrown)
      if (!code.startsWith('file.')) throw thrown
      const offset = feed.offsetOf(code === 'file.truncated' ? feed.end : feed.position)
      fail(code, { reason: '', ...params, file: this.#options.file, offset })
    }
  }

  /** The walk itself: synchronous, over what the window holds. Leaves the cursor at the first entry not taken. */
  #walk(batch: EntryBatch): 'full' | 'more' | 'large' | 'end' {
    const feed = this.#feed
    const { buffer, end } = feed
    const flavour = this.header.flavour
    try {
      while (batch.count < EntryBatch.capacity) {
        if (feed.position >= end) return 'more'
        const first = buffer[feed.position]!
        if (first > 240 && !beginsEntry(first)) {
          const done = this.#takeOpcode(batch, first, feed.position + 1, end)
          if (done !== 'next') return done
          continue
        }
        if (this.#takeEntry(batch, end, flavour)) continue
        if (!this.#scratchFull) return 'more'
        return batch.count > 0 ? 'full' : 'large'
      }
      return 'full'
    } catch (thrown) {
      if (thrown instanceof CorruptValue) this.#corrupt(thrown.position, thrown.message)
      throw thrown
    }
  }

  /** Takes one key with its expiry, idle time or frequency, and its value. False where it is not whole. */
  #takeEntry(batch: EntryBatch, end: number, flavour: RdbFlavour): boolean {
    const feed = this.#feed
    const { buffer } = feed
    const start = feed.position
    let at = start
    let expireAt = -1
    let idle = -1
    let frequency = -1
    let code = buffer[at]!
    while (code > 240) {
      if (code === opcode.EXPIRETIME_MS) {
        if (at + 10 > end) return false
        expireAt = expiryOf(int64At(buffer, at + 1))
        at += 9
      } else if (code === opcode.EXPIRETIME) {
        if (at + 6 > end) return false
        expireAt = secondsAt(buffer, at + 1) * 1000
        at += 5
      } else if (code === opcode.FREQ) {
        if (at + 3 > end) return false
        frequency = buffer[at + 1]!
        at += 2
      } else if (code === opcode.IDLE) {
        const next = skipLength(buffer, at + 1, end)
        if (next < 0 || next >= end) return false
        idle = lengthAt(buffer, at + 1)
        at = next
      } else {
        this.#corrupt(at, `${opcodeName(code)} between a key and its expiry`)
      }
      code = buffer[at]!
    }
    const keyAt = at + 1
    if (keyAt >= end) return false
    let keyStart: number
    let keyEnd: number
    let valueAt: number
    const keyFirst = buffer[keyAt]!
    if (keyFirst < 0x40) {
      keyStart = keyAt + 1
      valueAt = keyEnd = keyStart + keyFirst
      if (keyEnd >= end) return false
    } else {
      valueAt = skipString(buffer, keyAt, end)
      if (valueAt < 0 || valueAt >= end) return false
      const key = this.#decodeString(keyAt, valueAt)
      if (this.#scratchFull) return false
      keyStart = key.start
      keyEnd = key.end
    }
    const valueEnd = skipValue(buffer, code, valueAt, end, flavour)
    if (valueEnd === null) this.#unknownType(code, at, keyStart, keyEnd)
    if (valueEnd < 0) return false
    const index = batch.count
    batch.kind[index] = entryKind.KEY
    batch.type[index] = code
    batch.db[index] = this.#db
    batch.keyStart[index] = keyStart
    batch.keyEnd[index] = keyEnd
    batch.valueStart[index] = valueAt
    batch.valueEnd[index] = valueEnd
    batch.expireAt[index] = expireAt
    batch.idle[index] = idle
    batch.frequency[index] = frequency
    batch.offset[index] = feed.offsetOf(start)
    batch.count = index + 1
    feed.position = valueEnd
    return true
  }

  #takeOpcode(batch: EntryBatch, code: number, at: number, end: number): 'next' | 'more' | 'end' {
    const feed = this.#feed
    const { buffer } = feed
    switch (code) {
      case opcode.EOF:
        // The keys before it are handed over first; the next call finds it again.
        if (batch.count === 0) feed.position = at
        return 'end'
      case opcode.SELECTDB: {
        const next = skipLength(buffer, at, end)
        if (next < 0) return 'more'
        this.#db = lengthAt(buffer, at)
        if (this.#db > largestDb) throw new CorruptValue(at, `a database numbered ${this.#db}`)
        feed.position = next
        return 'next'
      }
      case opcode.AUX: {
        const value = skipString(buffer, at, end)
        const next = value < 0 ? more : skipString(buffer, value, end)
        if (next < 0) return 'more'
        this.#options.onAux?.(this.#copyString(at, value).toString(), this.#copyString(value, next))
        feed.position = next
        return 'next'
      }
      case opcode.FUNCTION2: {
        const next = skipString(buffer, at, end)
        if (next < 0) return 'more'
        const index = batch.count
        batch.kind[index] = entryKind.FUNCTION
        batch.db[index] = this.#db
        batch.valueStart[index] = at
        batch.valueEnd[index] = next
        batch.expireAt[index] = -1
        batch.offset[index] = feed.offsetOf(at - 1)
        batch.count = index + 1
        this.#options.onOpcode?.(code)
        feed.position = next
        return 'next'
      }
      default: {
        const next = skipOpcode(buffer, code, at, end)
        if (next === null) this.#unknownType(code, at - 1, 0, 0)
        if (next < 0) return 'more'
        if (code !== opcode.RESIZEDB) this.#options.onOpcode?.(code)
        feed.position = next
        return 'next'
      }
    }
  }

  #entryHead(start: number, end: number): EntryHead | null {
    const { buffer } = this.#feed
    let at = start
    let expireAt = -1
    let idle = -1
    let frequency = -1
    for (;;) {
      if (at >= end) return null
      const code = buffer[at]!
      if (code === opcode.EXPIRETIME_MS) {
        expireAt = at + 9 <= end ? expiryOf(int64At(buffer, at + 1)) : -1
        at += 9
      } else if (code === opcode.EXPIRETIME) {
        expireAt = at + 5 <= end ? secondsAt(buffer, at + 1) * 1000 : -1
        at += 5
      } else if (code === opcode.FREQ) {
        frequency = at + 2 <= end ? buffer[at + 1]! : -1
        at += 2
      } else if (code === opcode.IDLE) {
        const next = skipLength(buffer, at + 1, end)
        if (next < 0) return null
        idle = lengthAt(buffer, at + 1)
        at = next
      } else {
        return { type: code, keyAt: at + 1, expireAt, idle, frequency }
      }
    }
  }

  /** The key of the entry that begins at the cursor, escaped, as far as it is there. */
  #keyAtCursor(): string | null {
    const feed = this.#feed
    try {
      const head = this.#entryHead(feed.position, feed.end)
      if (head === null || head.type > 240) return null
      const valueAt = skipString(feed.buffer, head.keyAt, feed.end)
      if (valueAt < 0) return null
      this.#scratch = this.#options.scratchStart
      const { start, end } = this.#decodeString(head.keyAt, valueAt)
      return escapeKey(feed.buffer.subarray(start, end))
    } catch {
      return null
    }
  }

  #corrupt(position: number, reason: string): never {
    const key = this.#keyAtCursor()
    fail('file.corrupt', {
      file: this.#options.file,
      offset: this.#feed.offsetOf(position),
      reason,
      ...(key === null ? {} : { key }),
    })
  }

  #unknownType(code: number, at: number, keyStart: number, keyEnd: number): never {
    const { buffer } = this.#feed
    const params: FailureParams = { file: this.#options.file, type: code, offset: this.#feed.offsetOf(at) }
    throw new FailureError(
      makeFailure(
        'file.unknown-type',
        keyEnd > keyStart ? { ...params, key: escapeKey(buffer.subarray(keyStart, keyEnd)) } : params,
      ),
    )
  }

  /** Where the bytes of a string lie: in the window if it is plain, else unpacked into the scratch area. */
  #decodeString(at: number, end: number): { start: number; end: number } {
    const { buffer } = this.#feed
    const size = lengthSize(buffer, at)
    this.#scratchFull = false
    if (size > 0) return { start: at + size, end }
    const start = this.#scratch
    const room = this.#options.scratchStart + this.#options.scratchBytes - start
    const needed = unpackedLength(buffer, at)
    if (needed > room) {
      this.#scratchFull = true
      return { start, end: start }
    }
    const length = unpackString(buffer, at, end, buffer, start)
    this.#scratch = start + length
    return { start, end: start + length }
  }

  #copyString(at: number, end: number): Buffer {
    const { buffer } = this.#feed
    const copy = Buffer.alloc(unpackedLength(buffer, at))
    return copy.subarray(0, unpackString(buffer, at, end, copy, 0))
  }
}

/** These opcodes belong to the key that follows them. */
function beginsEntry(code: number): boolean {
  return (
    code === opcode.EXPIRETIME_MS ||
    code === opcode.EXPIRETIME ||
    code === opcode.FREQ ||
    code === opcode.IDLE
  )
}

/**
 * `rdbSaveTime` keeps 32 bits of a time, in files up to version 3. A server reads them as signed and drops what
 * expires after 2038; no key that had expired before 1970 was ever saved, so the sign is no sign.
 */
function secondsAt(buffer: Uint8Array, at: number): number {
  return readUint32(buffer, at)
}

/** Little-endian, signed; times are far below 2^53. */
function int64At(buffer: Uint8Array, at: number): number {
  return readUint32(buffer, at) + (readUint32(buffer, at + 4) | 0) * 2 ** 32
}

/** A time as a batch tells it: what lies before 1970 is past, as 1970 is; -1 alone is none (`rdb.c`). */
function expiryOf(ms: number): number {
  return ms < 0 && ms !== -1 ? 0 : ms
}

function* wholeString(feed: ByteFeed): Steps<Buffer> {
  return yield* (yield* new StringReader(feed).next()).copy()
}

function* skipAux(feed: ByteFeed): Steps<void> {
  yield* passString(feed)
  yield* passString(feed)
}
