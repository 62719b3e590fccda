import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplyDecoder, ReplyError, type Reply } from './decode.ts'

function decode(chunks: readonly Buffer[]): Reply[] {
  const replies: Reply[] = []
  const decoder = new ReplyDecoder({
    reply: (reply) => replies.push(reply),
    oks: (count) => replies.push(...Array.from({ length: count }, () => 'OK')),
  })
  for (const chunk of chunks) decoder.push(chunk)
  return replies
}

const wire = Buffer.from(
  '+OK\r\n+OK\r\n:42\r\n:-7\r\n:9223372036854775807\r\n$5\r\na\r\nb\0\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n-WRONGTYPE no\r\n' +
    '*3\r\n:1\r\n*2\r\n+OK\r\n$-1\r\n-ERR inside\r\n+PONG\r\n+OK\r\n',
  'latin1',
)
const expected: Reply[] = [
  'OK',
  'OK',
  42,
  -7,
  9223372036854775807n,
  Buffer.from('a\r\nb\0'),
  Buffer.alloc(0),
  null,
  null,
  [],
  new ReplyError('WRONGTYPE no'),
  [1, ['OK', null], new ReplyError('ERR inside')],
  'PONG',
  'OK',
]

test('replies come out the same whole, byte by byte and at any split', () => {
  expect(decode([wire])).toEqual(expected)
  expect(decode([...wire].map((byte) => Buffer.from([byte])))).toEqual(expected)
  fc.assert(
    fc.property(fc.array(fc.nat(wire.length), { maxLength: 8 }), (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), wire.length]
      expect(decode(edges.slice(1).map((end, at) => wire.subarray(edges[at], end)))).toEqual(expected)
    }),
  )
})

test.each(['hello\r\n', ':x\r\n', '$999999999999\r\n', '$3\r\nabcd\r\n', '*1\r\n!\r\n'])(
  'bytes that are not RESP are refused: %j',
  (text) => {
    expect(() => decode([Buffer.from(text)])).toThrow(SyntaxError)
  },
)

test('of an array that is skimmed, its length and its errors are told, and all of the next reply', () => {
  const bytes = Buffer.from('*4\r\n:1\r\n*2\r\n$2\r\nab\r\n:2\r\n-ERR inside\r\n+QUEUED\r\n+QUEUED\r\n:7\r\n')
  for (const cuts of [[...bytes].map((byte) => Buffer.from([byte])), [bytes]]) {
    const replies: Reply[] = []
    const decoder = new ReplyDecoder({
      reply: (reply) => replies.push(reply),
      oks: () => expect.fail('none was OK'),
      skims: () => true,
    })
    for (const cut of cuts) decoder.push(cut)
    expect(replies).toEqual([[null, [null, null], new ReplyError('ERR inside'), null], 'QUEUED', 7])
  }
})

test('the first word of an error tells its kind', () => {
  expect(new ReplyError('BUSYKEY Target key name already exists.').word).toBe('BUSYKEY')
  expect(new ReplyError('ERR').word).toBe('ERR')
})
