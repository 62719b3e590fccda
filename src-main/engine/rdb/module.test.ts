import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { moduleTypeName, moduleTypeVersion, skipModule } from './module.ts'
import { MemoryFeed, runNow } from './steps.ts'
import { writeLength, writeString } from './string.ts'

/** `moduleTypeEncodeId` in `module.c`. */
function moduleId(name: string, version: number): bigint {
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  let id = 0n
  for (const character of name) id = (id << 6n) | BigInt(characters.indexOf(character))
  return (id << 10n) | BigInt(version)
}

describe('a module value', () => {
  it('tells by its id the type it is of', () => {
    for (const name of ['ReJSON-RL', 'MBbloom--', 'tairhash-', 'AAAAAAAAA']) {
      expect(moduleTypeName(moduleId(name, 3))).toBe(name)
      expect(moduleTypeVersion(moduleId(name, 3))).toBe(3)
    }
  })

  it('is gone past by its opcodes, up to its end', () => {
    const writer = new ByteWriter()
    const id = moduleId('ReJSON-RL', 3)
    writer.uint8(0x81)
    writer.uint32BigEndian(Number(id >> 32n))
    writer.uint32BigEndian(Number(id & 0xffffffffn))
    writeLength(writer, 5)
    writeString(writer, Buffer.from('{"a":1}'))
    writeLength(writer, 4)
    writer.bytes(Buffer.alloc(8, 0xff))
    writeLength(writer, 1)
    writer.bytes(Buffer.from('81ffffffffffffffff', 'hex'))
    writeLength(writer, 0)
    const end = writer.length
    writer.uint8(0xff)
    const feed = new MemoryFeed(writer.written())
    expect(runNow(skipModule(feed))).toBe(id)
    expect(feed.position).toBe(end)
  })
})
