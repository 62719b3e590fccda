import { ByteWriter } from '../bytes/byte-writer.ts'
import { opcode, type as rdbType } from '../rdb/opcodes.ts'
import { endOfEntries, magicOf } from '../rdb/payload-entries.ts'
import { writeLength, writeString } from '../rdb/string.ts'
import type { Reply } from '../resp/decode.ts'
import type { Questioned } from '../verify/db-link.ts'
import { KeySet } from '../verify/key-set.ts'

/** A value that is too large to be had in one answer. */
export interface LargeValue {
  readonly db: number
  readonly key: Buffer
  /** As TYPE says it. */
  readonly type: string
  /** Elements, or bytes of a string. */
  readonly length: number
  /** Absolute milliseconds, or -1. */
  readonly expireAt: number
}

/** The oldest forms, which every server reads: a number of elements, and these one after the other. */
const codes: Readonly<Record<string, number>> = {
  string: rdbType.STRING,
  list: rdbType.LIST,
  set: rdbType.SET,
  zset: rdbType.ZSET,
  hash: rdbType.HASH,
}
export const headerOfPieces = { flavour: 'redis', version: 6 } as const

const bytesAtOnce = 4 * 1024 * 1024
const elementsAtOnce = 1_000

/** Can a value of this type be read a piece at a time? */
export function comesInPieces(type: string): boolean {
  return codes[type] !== undefined
}

/**
 * An RDB with this one value, read from its server as it is needed. A value that is changed meanwhile comes mixed of
 * what it was and what it is, with as many elements as were foretold: it has to be brought over once more, as everything
 * that is changed while it is read. Rejects when the server is lost.
 */
export async function* rdbInPieces(source: Questioned, value: LargeValue): AsyncGenerator<Buffer, void> {
  const { db, key, type, length, expireAt } = value
  const head = new ByteWriter()
  head.bytes(magicOf(headerOfPieces))
  head.uint8(opcode.SELECTDB)
  writeLength(head, db)
  if (expireAt >= 0) {
    head.uint8(opcode.EXPIRETIME_MS)
    head.integer(expireAt, 8)
  }
  head.uint8(codes[type]!)
  writeString(head, key)
  writeLength(head, length)
  yield head.written()
  if (type === 'string') yield* bytesOf(source, value)
  else if (type === 'list') yield* listOf(source, value)
  else yield* tableOf(source, value)
  yield Buffer.from(endOfEntries)
}

async function* bytesOf(source: Questioned, { db, key, length }: LargeValue): AsyncGenerator<Buffer, void> {
  let left = length
  while (left > 0) {
    const at = length - left
    const last = at + Math.min(left, bytesAtOnce) - 1
    const [reply] = await source.askAll(db, [['GETRANGE', key, at, last]])
    const bytes = Buffer.isBuffer(reply) ? reply.subarray(0, left) : Buffer.alloc(0)
    if (bytes.length === 0) break
    yield bytes
    left -= bytes.length
  }
  while (left > 0) {
    const bytes = Buffer.alloc(Math.min(left, bytesAtOnce))
    yield bytes
    left -= bytes.length
  }
}

async function* listOf(source: Questioned, { db, key, length }: LargeValue): AsyncGenerator<Buffer, void> {
  let left = length
  while (left > 0) {
    const at = length - left
    const [reply] = await source.askAll(db, [['LRANGE', key, at, at + elementsAtOnce - 1]])
    const elements = asBytes(reply).slice(0, left)
    if (elements.length === 0) break
    yield strings(elements)
    left -= elements.length
  }
  for (; left > 0; left -= 1) yield strings([padding(left)])
}

/** A set, a hash or a sorted set: SCAN tells an element more than once where its table grows or shrinks. */
async function* tableOf(
  source: Questioned,
  { db, key, type, length }: LargeValue,
): AsyncGenerator<Buffer, void> {
  const scan = { set: 'SSCAN', hash: 'HSCAN', zset: 'ZSCAN' }[type] ?? ''
  const perElement = type === 'set' ? 1 : 2
  const seen = new KeySet()
  let left = length
  let cursor = '0'
  do {
    const [reply] = await source.askAll(db, [[scan, key, cursor, 'COUNT', elementsAtOnce]])
    const [next, told] = Array.isArray(reply) ? (reply as readonly Reply[]) : ['0', []]
    cursor = String(next)
    const parts = asBytes(told)
    const writer = new ByteWriter(64 * 1024)
    for (let at = 0; at < parts.length && left > 0; at += perElement) {
      if (!seen.add(0, parts[at]!)) continue
      writeElement(writer, type, parts[at]!, parts[at + 1])
      left -= 1
    }
    if (writer.length > 0) yield writer.written()
  } while (cursor !== '0' && left > 0)
  for (; left > 0; left -= 1) {
    const writer = new ByteWriter()
    writeElement(writer, type, padding(left), Buffer.from('0'))
    yield writer.written()
  }
}

function writeElement(writer: ByteWriter, type: string, member: Buffer, other: Buffer | undefined): void {
  writeString(writer, member)
  if (type === 'hash') writeString(writer, other!)
  else if (type === 'zset') writeScore(writer, other!.toString('latin1'))
}

/** As `rdbSaveDoubleValue` does. */
function writeScore(writer: ByteWriter, score: string): void {
  if (score === 'inf') writer.uint8(254)
  else if (score === '-inf') writer.uint8(255)
  else {
    writer.uint8(score.length)
    writer.bytes(Buffer.from(score, 'latin1'))
  }
}

function strings(elements: readonly Buffer[]): Buffer {
  const writer = new ByteWriter(64 * 1024)
  for (const element of elements) writeString(writer, element)
  return writer.written()
}

/** In the place of an element that is gone: no other of them has its name. */
function padding(number: number): Buffer {
  return Buffer.from(`\0gone:${number}`)
}

function asBytes(reply: Reply | undefined): readonly Buffer[] {
  return Array.isArray(reply) ? (reply as readonly Buffer[]) : []
}
