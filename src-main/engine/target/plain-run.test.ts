import { expect, test, vi } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { CommandParser } from '../resp/command-parser.ts'
import { encodeCommand } from '../resp/encode.ts'
import { Lane, type LaneOwner } from './lane.ts'
import { maxRunBytes, maxRunCommands, PlainRun, type PlainCommand } from './plain-run.ts'
import {
  encoded,
  encodeFrame,
  judge,
  type FailedUnit,
  type Frame,
  type PreparedUnit,
} from './transaction-frame.ts'

function plain(end: number, ...words: readonly string[]): PlainCommand {
  const bytes = encodeCommand(words)
  return { lane: 2, bytes, from: 0, to: bytes.length, end, db: 1, last: null, lastFrom: 0 }
}

function runOf(...commands: readonly PlainCommand[]): PlainRun {
  const run = new PlainRun(2, 1)
  for (const command of commands) run.add(command)
  return run
}

function textOf({ parts }: Frame): string {
  return Buffer.concat(parts as Uint8Array[]).toString()
}

const commands = [plain(10, 'INCR', 'a'), plain(20, 'RPUSH', 'b', 'x'), plain(30, 'SADD', 'c', 'y')]

test('a run stands in a frame as its commands do, in its database', () => {
  const run = runOf(...commands)
  const unit = {
    end: 40,
    db: 0,
    lanes: [2],
    commands: [{ db: 0, name: 'DEL', ...encoded(['DEL', 'd']), keys: [] }],
  }
  const apart = run.units
  expect(textOf(encodeFrame([run, unit], [['SET', 'lane', '40']]))).toBe(
    textOf(encodeFrame([...apart, unit], [['SET', 'lane', '40']])),
  )
  expect(apart).toMatchObject([
    {
      end: 10,
      db: 1,
      lanes: [2],
      commands: [{ db: 1, name: 'INCR', keys: [{ db: 1, key: Buffer.from('a') }] }],
    },
    { end: 20, commands: [{ name: 'RPUSH' }] },
    { end: 30, commands: [{ name: 'SADD' }] },
  ])
  expect([run.count, run.firstEnd, run.end]).toEqual([3, 10, 30])
})

test('what fails in a run is that command alone, and stays what it was when the run is used again', () => {
  const run = runOf(...commands)
  const frame = encodeFrame([run], [['SET', 'lane', '30']])
  const wrong = new ReplyError('WRONGTYPE Operation against a key')
  const replies: Reply[] = ['OK', ...Array<Reply>(6).fill('QUEUED'), [null, null, wrong, null, null, null]]
  const verdict = judge(frame, replies, 'h')
  run.clear(5)
  run.add(plain(99, 'SET', 'other', 'value'))
  expect(verdict).toMatchObject({
    kind: 'applied',
    failed: [{ unit: { end: 20, commands: [{ name: 'RPUSH', keys: [{ key: Buffer.from('b') }] }] } }],
  })
  expect([run.db, run.count, run.end]).toEqual([5, 1, 99])
  expect(run.bytes).toEqual(encodeCommand(['SET', 'other', 'value']))
})

test('a run takes no more than a batch, but for one command that is more than that', () => {
  const run = new PlainRun(0, 0)
  expect(run.hasRoom(maxRunBytes * 2)).toBe(true)
  for (let end = 1; end <= maxRunCommands; end += 1) {
    expect(run.hasRoom(100)).toBe(true)
    run.add(plain(end, 'INCR', 'a'))
  }
  expect(run.hasRoom(1)).toBe(false)
  const long = runOf(plain(1, 'SET', 'k', 'x'.repeat(maxRunBytes)))
  expect(long.hasRoom(1)).toBe(false)
  expect(long.bytes.equals(encodeCommand(['SET', 'k', 'x'.repeat(maxRunBytes)]))).toBe(true)
})

/** An owner that answers each frame with the next of these, and keeps what it was sent. */
function answering(...answers: ((frame: Frame) => readonly Reply[])[]): {
  owner: LaneOwner
  sent: string[]
  failed: FailedUnit[]
} {
  const sent: string[] = []
  const failed: FailedUnit[] = []
  return {
    sent,
    failed,
    owner: {
      signal: new AbortController().signal,
      exchange: (_, frame) => {
        sent.push(
          [...new CommandParser(0).push(Buffer.from(textOf(frame)))].flatMap(({ args }) => args).join(' '),
        )
        const answer = answers.shift() ?? allDone
        return Promise.resolve({ replies: answer(frame), address: 'h' })
      },
      repairKey: () => 'repair',
      checkpoint: (_, offset) => ['SET', 'lane', offset],
      waiting: () => undefined,
      took: () => undefined,
      acked: () => undefined,
      failed: (units) => void failed.push(...units),
      lost: (failure) => {
        throw new FailureError(failure)
      },
    },
  }
}

function allDone({ owners }: Frame): readonly Reply[] {
  return ['OK', ...owners.map(() => 'QUEUED'), owners.map(() => null)]
}

test('a lane sends commands and units in their order, and takes out of a run what will never be taken', async () => {
  const refusal = new ReplyError("ERR unknown command 'RPUSH'")
  const aborted = new ReplyError('EXECABORT Transaction discarded because of previous errors.')
  const { owner, sent, failed } = answering(({ owners }) => [
    'OK',
    ...owners.map((_, index) => (index === 2 ? refusal : 'QUEUED')),
    aborted,
  ])
  const lane = new Lane(2, 0, owner)
  const unit: PreparedUnit = { end: 40, db: 1, lanes: [2], commands: runOf(plain(40, 'DEL', 'd')).commands }
  for (const command of commands) lane.enqueuePlain(command, command.end - 1)
  lane.enqueue(unit, 30)
  lane.enqueuePlain(plain(50, 'INCR', 'e'), 40)
  expect(lane.appliedUpTo(50)).toBe(9)
  await lane.drain()
  expect(sent).toEqual([
    'MULTI SELECT 1 INCR a RPUSH b x SADD c y DEL d INCR e SELECT 0 SET lane 50 EXEC',
    'MULTI SELECT 1 INCR a SADD c y DEL d INCR e SELECT 0 SADD repair 1:b SET lane 50 EXEC',
  ])
  expect(failed).toMatchObject([{ unit: { end: 20 }, reply: refusal.text }])
  expect([lane.acked, lane.quiet]).toEqual([50, true])
})

test('what is placed while a batch is unanswered goes in the next', async () => {
  const { owner, sent } = answering()
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  const exchange = owner.exchange.bind(owner)
  owner.exchange = async (index, frame) => {
    const answered = await exchange(index, frame)
    await held
    return answered
  }
  const lane = new Lane(2, 0, owner)
  lane.enqueuePlain(commands[0]!, 0)
  lane.flush()
  await vi.waitFor(() => expect(sent).toHaveLength(1))
  lane.enqueuePlain(commands[1]!, 10)
  lane.enqueuePlain(commands[2]!, 20)
  expect(lane.appliedUpTo(30)).toBe(0)
  expect(sent).toHaveLength(1)
  release()
  await lane.drain()
  expect(sent).toEqual([
    'MULTI SELECT 1 INCR a SELECT 0 SET lane 10 EXEC',
    'MULTI SELECT 1 RPUSH b x SADD c y SELECT 0 SET lane 30 EXEC',
  ])
})
