import { describe, expect, test } from 'vitest'
import { MonitorFrame, parseMonitorLine } from './monitor.ts'
import type { Whole } from './tally.ts'

const parse = (text: string): ReturnType<typeof parseMonitorLine> =>
  parseMonitorLine(Buffer.from(text, 'latin1'))

describe('a line of MONITOR', () => {
  test.each([
    ['+1700000000.123456 [3 127.0.0.1:5000] "SET" "k" "v"', 3, '127.0.0.1:5000', ['SET', 'k', 'v']],
    ['1700000000.123456 [0 [::1]:5000] "GET" "k"', 0, '[::1]:5000', ['GET', 'k']],
    ['1700000000.123456 [0 unix:/tmp/redis.sock] "ping"', 0, 'unix:/tmp/redis.sock', ['ping']],
    ['1700000000.123456 [0 lua] "INCR" "a b"', 0, 'lua', ['INCR', 'a b']],
    [
      '1700000000.123456 [0 h:1] "SET" "q\\"\\\\" "\\x00\\xff\\n\\r\\t\\a\\b]"',
      0,
      'h:1',
      ['SET', 'q"\\', '\x00\xff\n\r\t\x07\b]'],
    ],
    ['+1700000000.1 "GET" "k"', 0, '', ['GET', 'k']],
    ['+1700000000.1 (db 2) "SET" "k" ""', 2, '', ['SET', 'k', '']],
  ])('%s', (line, db, client, args) => {
    expect(parse(line)).toEqual({ db, client, args: args.map((arg) => Buffer.from(arg, 'latin1')) })
  })

  test.each(['+OK', '', '1700000000.1 [0 h:1] "SET" "cut', '1700000000.1 [0 h:1] SET k'])(
    'is none: %j',
    (line) => expect(parse(line)).toBeNull(),
  )
})

test('transactions and scripts are put together, whoever asks in between', () => {
  const wholes: Whole[] = []
  const frame = new MonitorFrame((whole) => wholes.push(whole))
  const say = (client: string, ...args: string[]): void =>
    frame.take({ db: 0, client, args: args.map((arg) => Buffer.from(arg)) })
  say('a', 'multi')
  say('b', 'SET', 'x', '1')
  say('a', 'INCR', 'y')
  say('a', 'EVAL', 'script', '1', 'z')
  say('lua', 'SET', 'z', '1')
  say('a', 'exec')
  say('b', 'FCALL', 'f', '0')
  say('lua', 'DEL', 'x')
  say('c', 'MULTI')
  say('c', 'discard')
  say('b', 'EVAL', 'last', '0')
  frame.end()
  expect(
    wholes.map(({ what, commands }) => [what, ...commands.map((args) => args.map(String).join(' '))]),
  ).toEqual([
    ['command', 'SET x 1'],
    ['transaction', 'INCR y', 'EVAL script 1 z', 'SET z 1'],
    ['script', 'FCALL f 0', 'DEL x'],
    ['script', 'EVAL last 0'],
  ])
})
