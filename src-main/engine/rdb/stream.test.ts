import { describe, expect, it } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { encodeListpack } from './listpack.ts'
import { MemoryFeed, runNow } from './steps.ts'
import { readStream, streamId, streamIdText, type StreamVisitor } from './stream.ts'
import { writeLength, writeString } from './string.ts'

const masterId = Buffer.from('00000000000003e80000000000000007', 'hex')
const idText = (rawId: Uint8Array): string => streamIdText(streamId(rawId)).toString()

/** A stream of one node that holds these elements, of version 2 or 3, with one group. */
function streamOf(version: 2 | 3, elements: readonly string[]): Buffer {
  const writer = new ByteWriter()
  const lengths = (...all: number[]): void => all.forEach((length) => writeLength(writer, length))
  lengths(1)
  writeString(writer, masterId)
  writeString(writer, encodeListpack(elements.map((text) => Buffer.from(text))))
  lengths(1, 1000, 7, 1000, 7, 0, 0, 1, 1)
  writeString(writer, Buffer.from('group'))
  lengths(1000, 7)
  writer.bytes(Buffer.from('81ffffffffffffffff', 'hex'))
  lengths(1)
  writer.bytes(masterId)
  writer.integer(1234, 8)
  lengths(2, 1)
  writeString(writer, Buffer.from('consumer'))
  writer.integer(1, 8)
  if (version === 3) writer.integer(2, 8)
  lengths(1)
  writer.bytes(masterId)
  return Buffer.from(writer.written())
}

/** All that is told of a stream, a line each. */
function told(version: 2 | 3, value: Uint8Array): string[] {
  const lines: string[] = []
  const visitor: StreamVisitor = {
    entry: (id, fields) => void lines.push(`entry ${streamIdText(id).toString()} of ${fields}`),
    *part(element) {
      lines.push((yield* element.copy()).toString())
    },
    *endEntry() {
      lines.push('end')
      yield Promise.resolve()
    },
    *state({ length, lastId, since7 }) {
      lines.push(`length ${length}, last ${streamIdText(lastId).toString()}, added ${since7?.entriesAdded}`)
      yield Promise.resolve()
    },
    *group(name, lastId, entriesRead) {
      lines.push(`${name.toString()} at ${streamIdText(lastId).toString()}, read ${entriesRead}`)
      yield Promise.resolve()
    },
    *pending(rawId, deliveredAt, deliveries) {
      lines.push(`pending ${idText(rawId)} since ${deliveredAt}, ${deliveries} times`)
      yield Promise.resolve()
    },
    *consumer(name) {
      lines.push(name.toString())
      yield Promise.resolve()
    },
    *held(rawId) {
      lines.push(`holds ${idText(rawId)}`)
      yield Promise.resolve()
    },
    *endConsumer() {
      lines.push('end')
      yield Promise.resolve()
    },
  }
  const feed = new MemoryFeed(value)
  runNow(readStream(version, feed, visitor))
  expect(feed.position).toBe(feed.end)
  return lines
}

const master = ['1', '0', '1', 'f', '0']
const entry = ['2', '0', '0', 'v', '4']

describe('a stream', () => {
  it.each([2, 3] as const)('of version %i is told in the order of the file', (version) => {
    expect(told(version, streamOf(version, [...master, ...entry]))).toEqual([
      ...['entry 1000-7 of 1', 'f', 'v', 'end'],
      'length 1, last 1000-7, added 1',
      'group at 1000-7, read -1',
      'pending 1000-7 since 1234, 2 times',
      ...['consumer', 'holds 1000-7', 'end'],
    ])
  })

  it('has ids that go back from the master id in their second part', () => {
    const elements = ['1', '0', '1', 'f', '0', '2', '1', '-7', 'v', '4']
    expect(told(2, streamOf(2, elements))[0]).toBe('entry 1001-0 of 1')
  })

  it.each([
    ['fewer entries than counted', ['2', '0', '1', 'f', '0', ...entry]],
    ['more entries than counted', [...master, ...entry, ...entry]],
    ['no end of the master fields', ['1', '0', '1', 'f', 'x', ...entry]],
    ['a wrong length backwards', [...master, '2', '0', '0', 'v', '5']],
    ['a negative count', ['-1', '0', '1', 'f', '0']],
    ['text for flags', [...master, 'x', '0', '0', 'v', '4']],
    ['more fields than there are', ['1', '0', '9999999', 'f', '0', ...entry]],
    ['nothing', []],
  ])('with %s is refused', (_, elements) => {
    expect(() => told(2, streamOf(2, elements))).toThrow(FailureError)
  })
})
