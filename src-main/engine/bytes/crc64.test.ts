import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { createServer, connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc64, createCrc64Arena } from './crc64.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The definition, bit by bit. */
function plainCrc64(bytes: Uint8Array): bigint {
  let crc = 0n
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >> 1n) ^ (crc & 1n ? 0x95ac9329ac4bc9b5n : 0n)
  }
  return crc
}

describe('crc64', () => {
  it('gives the check value that crc64.c states', () => {
    expect(crc64(ascii('123456789')).toString(16)).toBe('e9c6d914c4b8d9ca')
  })

  it('agrees with the definition at any length and alignment', () => {
    const arena = createCrc64Arena(600)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(80), (bytes, offset) => {
        arena.memory.set(bytes, offset)
        arena.start()
        arena.update(offset, bytes.length)
        expect(arena.value()).toBe(plainCrc64(bytes))
      }),
    )
  })

  it('is the same however the input is cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
        expect(crc64(bytes.subarray(cut), crc64(bytes.subarray(0, cut)))).toBe(plainCrc64(bytes))
      }),
    )
  })

  it('takes input longer than its own scratch block', () => {
    const bytes = new Uint8Array(200_001).map((_, index) => index * 7)
    const half = bytes.subarray(0, 100_000)
    expect(crc64(bytes)).toBe(crc64(bytes.subarray(100_000), crc64(half)))
    expect(crc64(bytes)).toBe(plainCrc64(bytes))
  })
})

describe('an arena', () => {
  it('seals a range with its CRC, little-endian, and leaves the running CRC and all other bytes alone', () => {
    const arena = createCrc64Arena(64)
    arena.memory.fill(0x5a)
    arena.memory.set(ascii('123456789'), 3)
    arena.start()
    arena.update(3, 4)
    arena.seal(3, 9)
    arena.update(7, 5)
    expect(arena.value().toString(16)).toBe('e9c6d914c4b8d9ca')
    expect(Buffer.from(arena.memory.subarray(12, 20)).toString('hex')).toBe('cad9b8c414d9c6e9')
    expect([arena.memory[2], arena.memory[20]]).toEqual([0x5a, 0x5a])
  })

  it('seals up to its very end and refuses to go beyond', () => {
    const arena = createCrc64Arena(40)
    arena.memory.set(ascii('123456789'), 23)
    arena.seal(23, 9)
    expect(Buffer.from(arena.memory.subarray(32)).toString('hex')).toBe('cad9b8c414d9c6e9')
    expect(() => arena.seal(24, 9)).toThrow(RangeError)
    expect(() => arena.update(39, 2)).toThrow(RangeError)
    expect(() => arena.update(-1, 2)).toThrow(RangeError)
  })

  it('shares nothing with another arena', () => {
    const [one, other] = [createCrc64Arena(16), createCrc64Arena(16)]
    one.memory.set(ascii('123456789'))
    one.start()
    one.update(0, 9)
    other.start()
    other.update(0, 9)
    expect(other.value()).toBe(0n)
    expect(one.value().toString(16)).toBe('e9c6d914c4b8d9ca')
  })

  it('is read into from a file and written from to a socket, without a copy between', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'crc64-'))
    const server = createServer((socket) => socket.pipe(socket))
    try {
      const file = join(folder, 'input')
      await writeFile(file, '123456789')
      const arena = createCrc64Arena(32)
      const handle = await open(file)
      expect((await handle.read(arena.memory, 4, 9, 0)).bytesRead).toBe(9)
      await handle.close()
      arena.seal(4, 9)

      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
      socket.end(arena.memory.subarray(4, 21))
      const echoed: Buffer[] = []
      for await (const piece of socket) echoed.push(piece as Buffer)
      expect(Buffer.concat(echoed)).toEqual(
        Buffer.concat([Buffer.from('123456789'), Buffer.from('cad9b8c414d9c6e9', 'hex')]),
      )
    } finally {
      server.close()
      await rm(folder, { recursive: true })
    }
  })
})
