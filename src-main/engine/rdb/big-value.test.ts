import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { WindowFeed } from '../bytes/feed.ts'
import { lzfCompress } from '../bytes/lzf.ts'
import { skipBigValue, streamBigValue, type BigValueOptions, type CommandSink } from './big-value.ts'
import { encodeIntset } from './intset.ts'
import { encodeListpack } from './listpack.ts'
import { type, valkeyHash2, type RdbFlavour } from './opcodes.ts'
import { encodeQuicklist } from './quicklist.ts'
import { writeLength, writeString } from './string.ts'
import { encodeZiplist } from './ziplist.ts'
import { encodeZipmap } from './zipmap.ts'

/** A value's bytes from parts: numbers are lengths, texts are strings, bytes are as they are. */
function rdb(...parts: readonly (number | string | Uint8Array)[]): Buffer {
  const writer = new ByteWriter()
  for (const part of parts) {
    if (typeof part === 'number') writeLength(writer, part)
    else if (typeof part === 'string') writeString(writer, Buffer.from(part, 'latin1'))
    else writer.bytes(part)
  }
  return Buffer.from(writer.written())
}

function packed(bytes: Uint8Array): Buffer {
  return rdb(bytes.length, bytes)
}

function lzf(bytes: Uint8Array): Buffer {
  const compressed = lzfCompress(bytes)!
  return rdb(Buffer.from([0xc3]), compressed.length, bytes.length, compressed)
}

function milliseconds(time: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(time)
  return bytes
}

const texts = (...all: string[]): Buffer[] => all.map((text) => Buffer.from(text, 'latin1'))

const windowBytes = 1024 * 1024

function feedOf(bytes: Uint8Array, pieceBytes = Infinity): WindowFeed {
  let at = 0
  return new WindowFeed(new Uint8Array(windowBytes), 0, windowBytes, async (buffer, offset, length) => {
    const size = Math.min(length, pieceBytes, bytes.length - at)
    buffer.set(bytes.subarray(at, at + size), offset)
    at += size
    return size
  })
}

interface Written {
  readonly lines: readonly string[]
  readonly elements: number
}

async function write(
  code: number,
  value: Uint8Array,
  {
    flavour = 'redis',
    pieceBytes = Infinity,
    ...options
  }: Partial<BigValueOptions> & { flavour?: RdbFlavour; pieceBytes?: number } = {},
): Promise<Written> {
  const lines: string[] = []
  const line = (args: readonly Uint8Array[]): string =>
    args.map((arg) => Buffer.from(arg).toString('latin1')).join(' ')
  const sink: CommandSink = {
    send(args) {
      lines.push(line(args))
    },
    async sendLong(args, length, pieces) {
      let last = ''
      await pieces((piece) => void (last += Buffer.from(piece).toString('latin1')))
      expect(last).toHaveLength(length)
      lines.push(`${line(args)} ${last}`)
    },
  }
  const feed = feedOf(value, pieceBytes)
  const { elements } = await streamBigValue(code, feed, flavour, Buffer.from('k'), sink, options)
  expect([feed.end - feed.position, await feed.fill(1)]).toEqual([0, false])
  return { lines, elements }
}

const failure = (code: string, params: object = {}): object => ({
  failure: { code, params: expect.objectContaining(params) },
})

const streamNode = encodeListpack(
  texts('2', '1', '1', 'f', '0', '2', '0', '0', 'v', '4', '3', '1', '0', 'gone', '4').concat(
    texts('0', '5', '-3', '2', 'g', 'w', 'h', 'x', '8'),
  ),
)
const masterId = Buffer.from('00000000000003e80000000000000007', 'hex')
const laterId = Buffer.from('00000000000003ed0000000000000004', 'hex')
const pendingEntry = (id: Buffer): Buffer => rdb(id, milliseconds(1234n), 3)
const groups = [
  ...[1, 'group', 1005, 4, 2, 2, pendingEntry(masterId), pendingEntry(laterId)],
  ...[2, 'idle', milliseconds(1n), 0, 'busy', milliseconds(2n), 2, masterId, laterId],
]
const streamV2 = rdb(1, packed(masterId), packed(streamNode), 2, 1005, 4, 1000, 7, 1001, 7, 3, ...groups)
const streamV3 = rdb(
  ...[1, packed(masterId), packed(streamNode), 2, 1005, 4, 1000, 7, 1001, 7, 3],
  ...[1, 'group', 1005, 4, 2, 1, pendingEntry(masterId)],
  ...[1, 'busy', milliseconds(2n), milliseconds(3n), 1, masterId],
)
const streamV1 = rdb(
  ...[1, packed(masterId), packed(streamNode), 2, 1005, 4],
  ...[3, 'end', 1005, 4, 0, 0, 'first', 1000, 7, 0, 0, 'between', 1001, 0, 0, 0],
)

describe('streamBigValue', () => {
  it('writes hash fields with their expiries after the fields, those of one time together', async () => {
    // 8.0: a length before each field, one more than its distance from the earliest.
    const value = rdb(milliseconds(5000n), 4, 1, 'a', '1', 0, 'b', '2', 101, 'c', '3', 1, 'd', '4')
    expect(await write(type.HASH_METADATA, value, { fieldExpiryShiftMs: 7 })).toEqual({
      elements: 4,
      lines: ['HSET k a 1 b 2 c 3 d 4', 'HPEXPIREAT k 5007 FIELDS 2 a d', 'HPEXPIREAT k 5107 FIELDS 1 c'],
    })
  })

  it('writes the expiries of each batch with the batch', async () => {
    const value = rdb(milliseconds(9n), 3, 1, 'a', '1', 2, 'b', '2', 3, 'c', '3')
    expect((await write(type.HASH_METADATA, value, { batchUnits: 2 })).lines).toEqual([
      'HSET k a 1 b 2',
      'HPEXPIREAT k 9 FIELDS 1 a',
      'HPEXPIREAT k 10 FIELDS 1 b',
      'HSET k c 3',
      'HPEXPIREAT k 11 FIELDS 1 c',
    ])
  })

  it('writes the expiry of a field whose value went out in pieces', async () => {
    const long = 'v'.repeat(300)
    const value = rdb(milliseconds(9n), 3, 1, 'a', '1', 1, 'b', long, 0, 'c', '3')
    expect((await write(type.HASH_METADATA, value, { batchBytes: 100 })).lines).toEqual([
      'HSET k a 1',
      `HSET k b ${long}`,
      'HPEXPIREAT k 9 FIELDS 2 a b',
      'HSET k c 3',
    ])
  })

  it('knows the expiries of a listpack, of Valkey, and of 7.4 before its release', async () => {
    const triples = encodeListpack(texts('a', '1', '5000', 'b', '2', '0'))
    const written = ['HSET k a 1 b 2', 'HPEXPIREAT k 5000 FIELDS 1 a']
    const listpackEx = rdb(milliseconds(5000n), packed(triples))
    expect((await write(type.HASH_LISTPACK_EX, listpackEx)).lines).toEqual(written)
    expect((await write(type.HASH_LISTPACK_EX_PRE_GA, packed(triples))).lines).toEqual(written)
    const valkey = rdb(2, 'a', '1', milliseconds(5000n), 'b', '2', milliseconds(-1n))
    expect((await write(valkeyHash2, valkey, { flavour: 'valkey' })).lines).toEqual(written)
    const preRelease = rdb(2, 5000, 'a', '1', 0, 'b', '2')
    expect((await write(type.HASH_METADATA_PRE_GA, preRelease)).lines).toEqual(written)
  })

  it('refuses to lose the expiry of a field where the target has no command for it', async () => {
    const value = rdb(milliseconds(9n), 1, 1, 'a', '1')
    await expect(write(type.HASH_METADATA, value, { hashFieldExpiry: false })).rejects.toMatchObject(
      failure('target.cannot-hold'),
    )
  })

  it('writes a stream with its groups', async () => {
    const lines = [
      'XADD k 1000-7 f v',
      'XADD k 1005-4 g w h x',
      'XSETID k 1005-4 ENTRIESADDED 3 MAXDELETEDID 1001-7',
      'XGROUP CREATE k group 1005-4 ENTRIESREAD 2',
    ]
    const claim = 'TIME 1234 RETRYCOUNT 3 FORCE JUSTID'
    expect(await write(type.STREAM_LISTPACKS_2, streamV2)).toEqual({
      elements: 2,
      lines: [
        ...lines,
        'XGROUP CREATECONSUMER k group idle',
        'XGROUP CREATECONSUMER k group busy',
        `XCLAIM k group busy 0 1000-7 1005-4 ${claim}`,
      ],
    })
    expect((await write(type.STREAM_LISTPACKS_3, streamV3)).lines).toEqual([
      ...lines,
      'XGROUP CREATECONSUMER k group busy',
      `XCLAIM k group busy 0 1000-7 ${claim}`,
    ])
  })

  it('tells a stream of 5.0 what the server would work out for it', async () => {
    expect((await write(type.STREAM_LISTPACKS, streamV1)).lines.slice(2)).toEqual([
      'XSETID k 1005-4',
      'XGROUP CREATE k end 1005-4 ENTRIESREAD 2',
      'XGROUP CREATE k first 1000-7 ENTRIESREAD 1',
      'XGROUP CREATE k between 1001-0',
    ])
  })

  it('keeps to the commands an old target knows', async () => {
    const old = { streamOffsets: false, streamConsumers: false, hashSetTakesMany: false }
    expect((await write(type.STREAM_LISTPACKS_2, streamV2, old)).lines.slice(2)).toEqual([
      'XSETID k 1005-4',
      'XGROUP CREATE k group 1005-4',
      'XCLAIM k group busy 0 1000-7 1005-4 TIME 1234 RETRYCOUNT 3 FORCE JUSTID',
    ])
    expect((await write(type.HASH, rdb(1, 'f', 'v'), old)).lines).toEqual(['HMSET k f v'])
  })

  it('cannot write a module, and says so before reading any of it', async () => {
    await expect(write(type.MODULE_2, rdb(0))).rejects.toMatchObject(failure('target.cannot-hold'))
    await expect(write(99, rdb(0))).rejects.toMatchObject(failure('file.unknown-type', { type: 99 }))
  })

  it('holds no more of a value than its window, however large it is', async () => {
    // 256 MB of one letter: a literal, then runs of 264 bytes copied from one byte back.
    const runs = 1_000_000
    const compressed = Buffer.alloc(2 + runs * 3)
    compressed.set([0, 0x61])
    for (let at = 2; at < compressed.length; at += 3) compressed.set([0xe0, 0xff, 0x00], at)
    const length = 1 + runs * 264
    let written = 0
    let longest = 0
    const sink: CommandSink = {
      send: () => undefined,
      async sendLong(_args, _length, pieces) {
        await pieces((piece) => {
          written += piece.length
          longest = Math.max(longest, piece.length)
          if (piece[0] !== 0x61 || piece.at(-1) !== 0x61) throw new Error('not the letter')
        })
      },
    }
    const before = process.memoryUsage().arrayBuffers
    const value = rdb(Buffer.from([0xc3]), compressed.length, length, compressed)
    await streamBigValue(type.STRING, feedOf(value), 'redis', Buffer.from('k'), sink)
    expect(written).toBe(length)
    expect(longest).toBeLessThan(256 * 1024)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000)
  })
})

describe('skipBigValue', () => {
  it('finds the end of a module value by its opcodes', async () => {
    const value = rdb(123456, 1, 5, 2, 70000, 3, Buffer.alloc(4), 4, Buffer.alloc(8), 5, 'text', 0)
    const feed = feedOf(Buffer.concat([value, Buffer.from('behind')]), 1)
    await skipBigValue(type.MODULE_2, feed, 'redis')
    await feed.fill(6)
    expect(Buffer.from(feed.buffer.subarray(feed.position, feed.end)).toString()).toBe('behind')
  })

  it('knows that nobody can find the end of a module value of 4.0 before its release', async () => {
    const skipped = skipBigValue(type.MODULE_PRE_GA, feedOf(rdb(0)), 'redis')
    await expect(skipped).rejects.toMatchObject(failure('file.unknown-type', { type: 6 }))
  })
})

const long = 'long '.repeat(100)
const samples: readonly [string, number, Buffer, RdbFlavour?][] = [
  ['string', type.STRING, rdb(long)],
  ['compressed string', type.STRING, lzf(Buffer.from(long))],
  ['integer string', type.STRING, Buffer.from([0xc1, 0x39, 0x30])],
  ['linked list', type.LIST, rdb(3, 'a', Buffer.from([0xc0, 5]), lzf(Buffer.from(long)))],
  ['ziplist', type.LIST_ZIPLIST, packed(encodeZiplist(texts('a', '1', '70000', long)))],
  ['compressed ziplist', type.LIST_ZIPLIST, lzf(encodeZiplist(texts('a', '1', '70000', long)))],
  ['quicklist', type.LIST_QUICKLIST, encodeQuicklist(1, texts('a', '1', long))],
  ['quicklist 2', type.LIST_QUICKLIST_2, encodeQuicklist(2, texts('a', '1', long))],
  ['plain node', type.LIST_QUICKLIST_2, rdb(1, 1, long)],
  ['set', type.SET, rdb(2, 'a', 'b')],
  ['intset', type.SET_INTSET, packed(encodeIntset([1, -5, 2n ** 40n]))],
  ['set listpack', type.SET_LISTPACK, packed(encodeListpack(texts('a', '5')))],
  ['hash', type.HASH, rdb(2, 'f', 'v', 'g', long)],
  ['zipmap', type.HASH_ZIPMAP, packed(encodeZipmap(texts('f', 'v', 'g', long)))],
  ['hash ziplist', type.HASH_ZIPLIST, packed(encodeZiplist(texts('f', 'v')))],
  ['hash listpack', type.HASH_LISTPACK, packed(encodeListpack(texts('f', 'v', 'g', long)))],
  ['hash metadata', type.HASH_METADATA, rdb(milliseconds(9n), 2, 1, 'a', '1', 0, 'b', '2')],
  ['listpack ex', type.HASH_LISTPACK_EX, rdb(milliseconds(9n), packed(encodeListpack(texts('f', 'v', '9'))))],
  ['valkey hash', valkeyHash2, rdb(1, 'a', '1', milliseconds(5n)), 'valkey'],
  ['zset', type.ZSET, rdb(2, 'a', Buffer.from([3, 0x31, 0x2e, 0x35]), 'b', Buffer.from([254]))],
  ['zset 2', type.ZSET_2, rdb(1, 'a', Buffer.from('000000000000f03f', 'hex'))],
  ['zset ziplist', type.ZSET_ZIPLIST, packed(encodeZiplist(texts('a', '1.5')))],
  ['zset listpack', type.ZSET_LISTPACK, packed(encodeListpack(texts('a', '1')))],
  ['stream', type.STREAM_LISTPACKS, streamV1],
  ['stream 2', type.STREAM_LISTPACKS_2, streamV2],
  ['stream 3', type.STREAM_LISTPACKS_3, streamV3],
]

/** What became of it: written, or refused with our own failure. Anything else is thrown on. */
async function outcome(work: Promise<unknown>): Promise<'done' | FailureError> {
  try {
    await work
    return 'done'
  } catch (thrown) {
    if (thrown instanceof FailureError) return thrown
    throw thrown
  }
}

describe.each(samples)('%s', (_, code, value, flavour = 'redis') => {
  const swallow: CommandSink = {
    send: () => undefined,
    sendLong: (_args, _length, pieces) => pieces(() => undefined),
  }
  const stream = (bytes: Uint8Array): Promise<unknown> =>
    streamBigValue(code, feedOf(bytes), flavour, Buffer.from('k'), swallow, { batchBytes: 256 })
  const skip = (bytes: Uint8Array): Promise<unknown> => skipBigValue(code, feedOf(bytes), flavour)

  it('is the same in any pieces and batches', async () => {
    const whole = await write(code, value, { flavour })
    for (const pieceBytes of [1, 2, 3, 7, 64]) {
      expect(await write(code, value, { flavour, pieceBytes })).toEqual(whole)
      expect((await write(code, value, { flavour, pieceBytes, batchBytes: 4, batchUnits: 1 })).elements).toBe(
        whole.elements,
      )
    }
  })

  it('cut short anywhere is truncated or corrupt, to both who write and who skip', async () => {
    for (let cut = 0; cut < value.length; cut += 1) {
      for (const work of [stream, skip]) {
        const told = await outcome(work(value.subarray(0, cut)))
        expect(told).toBeInstanceOf(FailureError)
        expect((told as FailureError).failure.code).toMatch(/^file\.(truncated|corrupt)$/)
      }
    }
  })

  it('changed anywhere never fails but with our own failure', async () => {
    const change = fc.tuple(fc.nat(value.length - 1), fc.nat(255))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = Buffer.from(value)
        for (const [at, byte] of changes) bytes[at] = byte
        await outcome(stream(bytes))
        await outcome(skip(bytes))
      }),
      { numRuns: 300 },
    )
  })
})
