import { fail } from '#contract/failure.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import type { Element } from './element.ts'
import { MemoryFeed, need, passOver, runNow, type Steps } from './steps.ts'
import { readLength, readUint64, skipString, StringReader } from './string.ts'

/** What follows in a module's value (`RDB_MODULE_OPCODE_*` in `rdb.h`): each part says what it is. */
const opcode = { EOF: 0, SINT: 1, UINT: 2, FLOAT: 3, DOUBLE: 4, STRING: 5 } as const

const nameCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * The name of a module's type: the id holds nine characters of six bits, then ten bits of encoding version
 * (`moduleTypeNameByID` in `module.c`).
 */
export function moduleTypeName(id: bigint): string {
  let name = ''
  for (let shift = 58n; shift >= 10n; shift -= 6n) name += nameCharacters[Number((id >> shift) & 63n)]
  return name
}

/** The id at the start of a MODULE_2 value that is in memory. */
export function moduleIdOf(value: Uint8Array): bigint {
  return runNow(readUint64(new MemoryFeed(value)))
}

/** The encoding version a module's type was saved with. */
export function moduleTypeVersion(id: bigint): number {
  return Number(id & 1023n)
}

/** What is told of a module's value, in the order of the file. */
export interface ModuleVisitor {
  id(id: bigint): void
  integer(kind: 'sint' | 'uint', value: bigint): Steps<void>
  double(kind: 'float' | 'double', value: number): Steps<void>
  /** To be taken at once. */
  string(element: Element): Steps<void>
}

/** Walks a MODULE_2 value part by part. */
export function* readModule(feed: ByteFeed, visitor: ModuleVisitor): Steps<void> {
  const strings = new StringReader(feed)
  visitor.id(yield* readUint64(feed))
  for (;;) {
    const code = yield* readLength(feed)
    if (code === opcode.EOF) return
    if (code === opcode.SINT) yield* visitor.integer('sint', BigInt.asIntN(64, yield* readUint64(feed)))
    else if (code === opcode.UINT) yield* visitor.integer('uint', yield* readUint64(feed))
    else if (code === opcode.FLOAT) yield* visitor.double('float', yield* readFloat(feed, 4))
    else if (code === opcode.DOUBLE) yield* visitor.double('double', yield* readFloat(feed, 8))
    else if (code === opcode.STRING) yield* visitor.string(yield* strings.next())
    else fail('file.corrupt', { structure: 'module' })
  }
}

function* readFloat(feed: ByteFeed, size: 4 | 8): Steps<number> {
  yield* need(feed, size)
  const view = new DataView(feed.buffer.buffer, feed.buffer.byteOffset + feed.position, size)
  feed.position += size
  return size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true)
}

/** Goes past a MODULE_2 value (`rdbLoadCheckModuleValue`), whose module need not be known; gives its id. */
export function* skipModule(feed: ByteFeed): Steps<bigint> {
  const id = yield* readUint64(feed)
  for (;;) {
    const code = yield* readLength(feed)
    if (code === opcode.EOF) return id
    if (code === opcode.SINT || code === opcode.UINT) yield* readLength(feed)
    else if (code === opcode.FLOAT) yield* passOver(feed, 4)
    else if (code === opcode.DOUBLE) yield* passOver(feed, 8)
    else if (code === opcode.STRING) yield* skipString(feed)
    else fail('file.corrupt', { structure: 'module' })
  }
}
