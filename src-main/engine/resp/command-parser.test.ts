import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CommandParser } from './command-parser.ts'
import { encodeCommand } from './encode.ts'

interface Seen {
  args: string[]
  raw: string
  end: number
}

function parse(chunks: readonly Buffer[], offset = 0): { commands: Seen[]; offset: number } {
  const parser = new CommandParser(offset)
  const commands: Seen[] = []
  for (const chunk of chunks)
    for (const { args, raw, end } of parser.push(chunk))
      commands.push({ args: args.map((arg) => arg.toString('latin1')), raw: raw.toString('latin1'), end })
  return { commands, offset: parser.offset }
}

const binary = Buffer.from('*1\r\n$4\r\n\0\xff\n', 'latin1')
const parts = [
  encodeCommand(['SET', binary, '']),
  Buffer.from('\n'),
  encodeCommand(['PING']),
  Buffer.from('\n\n'),
  encodeCommand(['APPEND', 'k', Buffer.alloc(3000, 13)]),
]
const wire = Buffer.concat(parts)

test('commands come out the same whole, byte by byte and at any split, and every byte counts', () => {
  const whole = parse([wire], 1000)
  expect(whole.commands.map(({ args }) => args[0])).toEqual(['SET', 'PING', 'APPEND'])
  expect(whole.commands[0]).toEqual({
    args: ['SET', binary.toString('latin1'), ''],
    raw: parts[0]!.toString('latin1'),
    end: 1000 + parts[0]!.length,
  })
  expect(whole.commands[1]!.end).toBe(1000 + parts[0]!.length + 1 + parts[2]!.length)
  expect(whole.offset).toBe(1000 + wire.length)
  expect(
    parse(
      [...wire].map((byte) => Buffer.from([byte])),
      1000,
    ),
  ).toEqual(whole)
  fc.assert(
    fc.property(fc.array(fc.nat(wire.length), { maxLength: 10 }), (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), wire.length]
      expect(
        parse(
          edges.slice(1).map((end, at) => wire.subarray(edges[at], end)),
          1000,
        ),
      ).toEqual(whole)
    }),
  )
})

test('the offset stands at the last whole command while the next is still coming', () => {
  const { offset, commands } = parse([wire.subarray(0, wire.length - 1)])
  expect(commands).toHaveLength(2)
  expect(offset).toBe(wire.length - parts[4]!.length)
})

test.each([
  'PING\r\n',
  '*x\r\n',
  '*1\r\n+OK\r\n',
  '*1\r\n$3\r\nabcd\r\n',
  '*0\r\n',
  '*1\r\n$99999999999\r\n',
])('what is no stream is refused: %j', (text) => {
  expect(() => parse([Buffer.from(text)])).toThrow(/source.stream-corrupt/)
})

test('a database is selected in plain words up to 2.6', () => {
  const old = Buffer.concat([
    encodeCommand(['PING']),
    Buffer.from('select 3\r\n'),
    encodeCommand(['SET', 'k', 'v']),
    Buffer.from('select 12\r\n'),
  ])
  for (let cut = 1; cut < old.length; cut += 1) {
    const { commands, offset } = parse([old.subarray(0, cut), old.subarray(cut)], 10)
    expect(commands.map(({ args }) => args)).toEqual([
      ['PING'],
      ['SELECT', '3'],
      ['SET', 'k', 'v'],
      ['SELECT', '12'],
    ])
    expect(commands[1]!.end).toBe(10 + encodeCommand(['PING']).length + 'select 3\r\n'.length)
    expect(offset).toBe(10 + old.length)
  }
  for (const other of ['set k v\r\n', 'select x\r\n', 'select 1234567890123\r\n'])
    expect(() => parse([Buffer.from(other)])).toThrow()
})

test('what is passed on is whole and in its place wherever the stream is cut, the command that was cut too', () => {
  const words = [['SET', 'key', 'value'], ['PING'], ['APPEND', 'key', '\r\n*1'], ['DEL', 'key']]
  const stream = Buffer.concat(words.map((args) => encodeCommand(args)))
  for (let cut = 1; cut < stream.length; cut += 1) {
    const parser = new CommandParser(1_000)
    const passed: string[] = []
    const left: string[] = []
    for (const chunk of [stream.subarray(0, cut), stream.subarray(cut)]) {
      parser.feed(chunk)
      for (;;) {
        parser.pass((bytes, at, offset) => {
          const [command] = new CommandParser(offset).push(bytes.subarray(at))
          // Somebody who leaves something to be taken apart.
          if (command === undefined || command.args.length === 1) return 0
          expect(stream.subarray(offset - 1_000, command.end - 1_000).equals(command.raw)).toBe(true)
          passed.push(command.args.join(' '))
          return command.raw.length
        })
        const command = parser.next()
        if (command === null) break
        left.push(command.args.join(' '))
      }
    }
    expect(passed).toEqual(['SET key value', 'APPEND key \r\n*1', 'DEL key'])
    expect(left).toEqual(['PING'])
    expect(parser.offset).toBe(1_000 + stream.length)
  }
})
