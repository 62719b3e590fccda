import { expect, test } from 'vitest'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encoded, encodeFrame, judge, type PreparedUnit } from './transaction-frame.ts'

function unit(end: number, ...lines: (readonly [db: number, line: string])[]): PreparedUnit {
  return {
    end,
    db: 0,
    lanes: [0],
    commands: lines.map(([db, line]) => ({
      db,
      name: line.split(' ')[0]!,
      ...encoded(line.split(' ')),
      keys: [],
    })),
  }
}

const first = unit(10, [0, 'INCR a'])
const second = unit(20, [3, 'INCR b'], [0, 'INCR c'])
const checkpoint = ['SET', 'lane', '20']
const frame = encodeFrame([first, second], [checkpoint])
const queued = (count: number): Reply[] => ['OK', ...Array.from({ length: count }, () => 'QUEUED')]
const allQueued = queued(6)

test('a frame is one transaction that selects each database and ends in database 0', () => {
  const words = Buffer.concat(frame.parts as Uint8Array[])
    .toString()
    .match(/[A-Za-z]\w*|(?<=\n)\d+(?=\r)/g)
  expect(words?.join(' ')).toBe('MULTI INCR a SELECT 3 INCR b SELECT 0 INCR c SET lane 20 EXEC')
  expect(frame.owners).toEqual([first, null, second, null, second, null])
  expect(encodeFrame([unit(5, [2, 'INCR x'])], [checkpoint]).owners).toHaveLength(4)
})

test('all done', () => {
  expect(judge(frame, [...allQueued, [1, 'OK', 1, 'OK', 1, 'OK']], 'h')).toEqual({
    kind: 'applied',
    failed: [],
  })
})

test('a command that failed inside names its unit, once', () => {
  const wrong = new ReplyError('WRONGTYPE Operation against a key')
  expect(judge(frame, [...allQueued, [1, 'OK', wrong, 'OK', wrong, 'OK']], 'h')).toEqual({
    kind: 'applied',
    failed: [{ unit: second, reply: wrong.text }],
  })
})

test.each<[string, Reply, string]>([
  ['a read-only server up to 4.0 answers nothing', [], 'target.read-only'],
  ['fewer results than were queued', [1, 'OK'], 'target.read-only'],
  [
    'no memory, told at EXEC',
    new ReplyError('EXECABORT Transaction discarded because of: OOM command not allowed'),
    'target.out-of-memory',
  ],
  ['nil', null, 'target.loading'],
  ['no replicas', new ReplyError('NOREPLICAS Not enough good replicas to write.'), 'target.no-replicas'],
])('nothing was done, and it is sent again: %s', (_, reply, code) => {
  expect(judge(frame, [...allQueued, reply], 'h')).toMatchObject({ kind: 'refused', failure: { code } })
})

const aborted = new ReplyError('EXECABORT Transaction discarded because of previous errors.')

test('refused in the queue for a reason that passes', () => {
  const replies = [...allQueued]
  replies[3] = new ReplyError('READONLY You can’t write against a read only replica.')
  expect(judge(frame, [...replies, aborted], 'h')).toMatchObject({
    kind: 'refused',
    failure: { code: 'target.read-only' },
  })
})

test('refused in the queue for ever: the unit is named, the others can go without it', () => {
  const replies = [...allQueued]
  replies[3] = new ReplyError("ERR unknown command 'FOO'")
  expect(judge(frame, [...replies, aborted], 'h')).toEqual({
    kind: 'unacceptable',
    units: [{ unit: second, reply: "ERR unknown command 'FOO'" }],
  })
})

test('a command of ours that can never be taken breaks it off', () => {
  const replies = [...allQueued]
  replies[6] = new ReplyError('NOPERM this user has no permissions')
  expect(judge(frame, [...replies, aborted], 'h')).toMatchObject({ kind: 'broken' })
})
