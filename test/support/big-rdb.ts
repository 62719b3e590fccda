import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { crc64 } from '#engine/bytes/crc64.ts'
import { encodeListpack } from '#engine/rdb/listpack.ts'
import { opcode, type } from '#engine/rdb/opcodes.ts'
import { code, int64, rdbBytes } from './rdb-file-bytes.ts'

/** A file with one key, made in bounded memory: what is in it can be told from its numbers again. */
export interface BigRdb {
  readonly key: string
  readonly kind: 'list' | 'hash' | 'string'
  /** Elements, fields, or bytes of the string. */
  readonly count: number
}

const elementBytes = 256
const elementsPerNode = 32
/** A prime, so that pieces taken from it one behind the other do not repeat. */
const poolBytes = 1_048_573
const pool = randomBytes(poolBytes + 1024 * 1024)

/** The list's element of this number: its digits, then bytes that do not compress. */
export function elementAt(index: number): Buffer {
  const digits = `${index} `
  const from = (index * elementBytes) % poolBytes
  return Buffer.concat([Buffer.from(digits), pool.subarray(from, from + elementBytes - digits.length)])
}

export function fieldAt(index: number): string {
  return `field:${index}`
}

export function valueAt(index: number): string {
  return `v${index * 7}`
}

/** A part of the string, at most 1 MiB. */
export function stringPart(offset: number, length: number): Buffer {
  const from = offset % poolBytes
  return pool.subarray(from, from + length)
}

const elementsOfNode = (node: number, count: number): Buffer[] =>
  Array.from({ length: Math.min(elementsPerNode, count - node * elementsPerNode) }, (_, at) =>
    elementAt(node * elementsPerNode + at),
  )

function* bodyOf({ kind, count }: BigRdb): Generator<Uint8Array> {
  if (kind === 'list') {
    const nodes = Math.ceil(count / elementsPerNode)
    yield rdbBytes(nodes)
    for (let node = 0; node < nodes; node += 1) {
      const listpack = encodeListpack(elementsOfNode(node, count))
      yield rdbBytes(2, listpack.length, listpack)
    }
  } else if (kind === 'hash') {
    yield rdbBytes(count)
    for (let at = 0; at < count; at += 1) {
      const field = fieldAt(at)
      const value = valueAt(at)
      yield Buffer.from(
        `${String.fromCharCode(field.length)}${field}${String.fromCharCode(value.length)}${value}`,
        'latin1',
      )
    }
  } else {
    yield rdbBytes(count)
    for (let at = 0; at < count; at += poolBytes) yield stringPart(at, Math.min(poolBytes, count - at))
  }
}

const typeOf = { list: type.LIST_QUICKLIST_2, hash: type.HASH, string: type.STRING } as const
const chunkBytes = 4 * 1024 * 1024

/** Writes such a file. Gives its size. */
export async function writeBigRdb(path: string, big: BigRdb): Promise<number> {
  await using file = await open(path, 'w')
  const chunk = Buffer.alloc(chunkBytes)
  let filled = 0
  let size = 0
  let crc = 0n
  const flush = async (): Promise<void> => {
    const bytes = chunk.subarray(0, filled)
    crc = crc64(bytes, crc)
    await file.write(bytes)
    size += filled
    filled = 0
  }
  const add = async (bytes: Uint8Array): Promise<void> => {
    if (filled + bytes.length > chunkBytes) await flush()
    chunk.set(bytes, filled)
    filled += bytes.length
  }
  await add(Buffer.from('REDIS0010'))
  await add(rdbBytes(code(opcode.SELECTDB), 0, code(typeOf[big.kind]), big.key))
  for (const piece of bodyOf(big)) {
    if (filled + piece.length > chunkBytes) await flush()
    chunk.set(piece, filled)
    filled += piece.length
  }
  await add(code(opcode.EOF))
  await flush()
  const sum = int64(BigInt.asIntN(64, crc))
  await file.write(sum)
  return size + sum.length
}
