import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Failure } from '#contract/failure.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { Lane, type LaneOwner } from './lane.ts'
import { encoded, type Frame, type PreparedUnit } from './transaction-frame.ts'

function unit(end: number): PreparedUnit {
  const key = Buffer.from('key')
  const words = ['SET', key, end]
  return {
    end,
    db: 0,
    commands: [{ db: 0, name: 'SET', ...encoded(words), keys: [{ db: 0, key }] }],
    lanes: [0],
  }
}

/** What a server answers that has no memory left. */
const outOfMemory = ({ owners }: Frame): readonly Reply[] => [
  'OK',
  ...owners.map(() => 'QUEUED'),
  new ReplyError('EXECABORT Transaction discarded because of: OOM command not allowed'),
]

function ownerOf(
  signal: AbortSignal,
  answer: (frame: Frame) => readonly Reply[],
): LaneOwner & { sent: number; readonly lostBy: Failure[] } {
  const owner = {
    signal,
    sent: 0,
    lostBy: [] as Failure[],
    exchange: async (_lane: number, frame: Frame) => {
      owner.sent += 1
      await sleep(0)
      return { replies: answer(frame), address: 'target' }
    },
    repairKey: () => 'repair',
    checkpoint: (_lane: number, offset: number, db: number) => ['SET', 'lane', `${offset} ${db}`],
    waiting: () => undefined,
    took: () => undefined,
    acked: () => undefined,
    failed: () => undefined,
    lost: (failure: Failure) => void owner.lostBy.push(failure),
  }
  return owner
}

test('a lane whose target refuses everything ends when it is to end, and has nothing acknowledged', async () => {
  const ending = new AbortController()
  const owner = ownerOf(ending.signal, outOfMemory)
  const lane = new Lane(0, 10, owner)
  lane.enqueue(unit(20), 10)
  const drained = lane.drain().then(
    () => 'drained',
    (thrown: unknown) => thrown,
  )
  while (owner.sent < 2) await sleep(1)
  ending.abort()
  const before = owner.sent
  const waited = await Promise.race([drained, sleep(2_000, 'it goes on')])
  expect(waited).toMatchObject({ failure: { code: 'job.cancelled' } })
  expect(owner.lostBy.map(({ code }) => code)).toEqual(['job.cancelled'])
  // One frame may have been on its way.
  expect(owner.sent - before).toBeLessThanOrEqual(1)
  expect(lane.acked).toBe(10)
})
