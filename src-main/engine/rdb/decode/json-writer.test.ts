import { describe, expect, test } from 'vitest'
import { Element } from '../element.ts'
import { MemoryFeed, run } from '../steps.ts'
import { JsonWriter, longestText } from './json-writer.ts'

function collecting(): { json: JsonWriter; text: () => Promise<string>; pieces: () => number } {
  const pieces: Buffer[] = []
  const json = new JsonWriter(async (bytes) => {
    pieces.push(Buffer.from(bytes))
  })
  return {
    json,
    pieces: () => pieces.length,
    async text() {
      await json.flush()
      return Buffer.concat(pieces).toString()
    },
  }
}

describe('strings of Redis as JSON', () => {
  test.each([
    ['text', Buffer.from('grün 값 "quoted"\n'), 'grün 값 "quoted"\n'],
    ['nothing', Buffer.alloc(0), ''],
    ['a mark of byte order', Buffer.from('\ufeffx'), '\ufeffx'],
    ['bytes', Buffer.from([0xff, 0x00, 0x61]), { base64: '/wBh' }],
    ['half a character', Buffer.from('é').subarray(0, 1), { base64: 'ww==' }],
    ['a surrogate, which is no UTF-8', Buffer.from([0xed, 0xa0, 0x80]), { base64: '7aCA' }],
  ])('%s', async (_, bytes, expected) => {
    const { json, text } = collecting()
    json.string(bytes)
    expect(JSON.parse(await text())).toEqual(expected)
  })

  test('nothing that steers a terminal stands there as itself', async () => {
    const { json, text } = collecting()
    const steering = '\u001b[31m\u007f\u0085\u009b\u202e\u2066\u200b\ufeff'
    json.string(Buffer.from(steering))
    const written = await text()
    expect(written).toMatch(/^[\x20-\x7e]*$/)
    expect(JSON.parse(written)).toBe(steering)
  })

  test('a long one passes by in pieces of any length, and is whole', async () => {
    const bytes = Buffer.alloc(longestText + 10, 'abcdefg')
    const { json, text, pieces } = collecting()
    const feed = new MemoryFeed(bytes)
    // In parts of 1 MB and 1 byte, so that no piece is a multiple of three.
    const part = (start: number): Uint8Array => bytes.subarray(start, start + 1_000_001)
    const split = Object.assign(new Element(), {
      length: bytes.length,
      *inPieces(write: (piece: Uint8Array) => void | Promise<void>) {
        for (let at = 0; at < bytes.length; at += 1_000_001) {
          const waiting = write(part(at))
          if (waiting !== undefined) yield waiting
        }
      },
    })
    await run(json.element(split))
    await run(json.element(new Element().setBytes(feed, bytes.length)))
    const encoded = `{"base64":"${bytes.toString('base64')}"}`
    expect(await text()).toBe(encoded + encoded)
    expect(pieces()).toBeGreaterThan(5)
  })
})

describe('numbers', () => {
  test('exact or as strings', async () => {
    const { json, text } = collecting()
    const numbers = [0, -5n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n]
    json.raw('[')
    for (const [index, number] of numbers.entries()) {
      json.comma(index === 0)
      json.integer(number)
    }
    json.raw(']')
    expect(JSON.parse(await text())).toEqual([0, -5, 2 ** 53 - 1, '9007199254740992', '18446744073709551615'])
  })

  test('doubles, and what JSON has none for', async () => {
    const { json, text } = collecting()
    for (const double of ['1.5', '-0', '1e+21', 'inf', '-inf']) {
      json.double(double)
      json.raw(' ')
    }
    expect(await text()).toBe('1.5 -0 1e+21 "inf" "-inf" ')
  })
})

test('a line that is not finished is not handed on', async () => {
  const { json, text } = collecting()
  json.raw('{"whole":1}')
  json.endLine()
  json.raw('{"half":')
  json.dropLine()
  expect(await text()).toBe('{"whole":1}\n')
})
