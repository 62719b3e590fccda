import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Ledger, noCounts, type Counts, type LedgerState, type Position, type Stretch } from './ledger.ts'

const start: Position = { offset: 0, sourceDb: 0 }
const at = (offset: number, sourceDb = 0): Position => ({ offset, sourceDb })
const counted = (entries: number): Counts => ({ ...noCounts(), entries, written: entries })

/** Stretches of 100 bytes and one key each, sent one after the other. */
function send(ledger: Ledger, offsets: readonly number[]): Stretch[] {
  return offsets.map((offset) => ledger.open(at(offset), counted(1)))
}

test('only the unbroken run of answers counts', () => {
  const ledger = new Ledger(start)
  const [first, second, third] = send(ledger, [100, 200, 300])
  ledger.close(second!, 1)
  expect([ledger.position.offset, ledger.counts.written]).toEqual([0, 0])
  ledger.close(first!, 2)
  expect([ledger.position.offset, ledger.counts.written]).toEqual([200, 2])
  ledger.close(third!, 3)
  expect([ledger.position.offset, ledger.counts.written]).toEqual([300, 3])
})

test('in whatever order the answers come, the position is the end of that run, and the counts are those up to it', () => {
  const order = fc.integer({ min: 1, max: 40 }).chain((size) =>
    fc.shuffledSubarray(
      Array.from({ length: size }, (_, index) => index),
      { minLength: size },
    ),
  )
  fc.assert(
    fc.property(order, (indexes) => {
      const ledger = new Ledger(start)
      const stretches = send(
        ledger,
        indexes.map((_, index) => (index + 1) * 100),
      )
      const answered = new Set<number>()
      for (const [now, index] of indexes.entries()) {
        ledger.close(stretches[index]!, now)
        answered.add(index)
        const run = indexes.findIndex((_, place) => !answered.has(place))
        const expected = run < 0 ? indexes.length : run
        expect([ledger.position.offset, ledger.counts.written]).toEqual([expected * 100, expected])
      }
    }),
  )
})

test('what was sent is remembered when it has to be sent again', () => {
  const ledger = new Ledger(start)
  const [first] = send(ledger, [100, 200, 300])
  ledger.close(first!, 1)
  ledger.forgetUnanswered()
  expect([ledger.position.offset, ledger.sentOffset]).toEqual([100, 300])
  ledger.sending(350)
  ledger.sending(10)
  expect(ledger.sentOffset).toBe(350)
})

describe('going back', () => {
  /** One stretch answered every 100 ms. */
  function answeredFor(ms: number): Ledger {
    const ledger = new Ledger(start)
    for (let now = 0; now < ms; now += 100) ledger.close(ledger.open(at(now + 100), counted(1)), now)
    return ledger
  }

  test('for everything leads to the start', () => {
    const ledger = answeredFor(20_000)
    ledger.goBack(Infinity)
    expect([ledger.position, ledger.counts]).toEqual([start, noCounts()])
  })

  test('leads to what had been answered for so long before the last answer, however long ago that is', () => {
    const ledger = answeredFor(20_000)
    ledger.goBack(5_000)
    expect(ledger.position.offset).toBeLessThanOrEqual(15_000)
    expect(ledger.position.offset).toBeGreaterThan(14_000)
    expect(ledger.counts.written).toBe(ledger.position.offset / 100)
    expect(ledger.sentOffset).toBe(20_000)
  })

  test('leads as far back after hours, and leads on from there', () => {
    const hours = 4 * 3_600_000
    const ledger = answeredFor(hours)
    ledger.goBack(45_000)
    expect(ledger.position.offset).toBeLessThanOrEqual(hours - 45_000)
    expect(ledger.position.offset).toBeGreaterThan(hours - 47_000)
    const { offset } = ledger.position
    ledger.close(ledger.open(at(offset + 100), counted(1)), hours + 1_000)
    expect(ledger.position.offset).toBe(offset + 100)
  })

  test('leads to what had been answered for at a time, and not further forward again', () => {
    const ledger = answeredFor(20_000)
    ledger.goBackTo(12_000)
    expect(ledger.position.offset).toBeLessThanOrEqual(12_100)
    expect(ledger.position.offset).toBeGreaterThan(11_000)
    const { offset } = ledger.position
    ledger.goBackTo(15_000)
    expect(ledger.position.offset).toBe(offset)
    ledger.goBackTo(-Infinity)
    expect([ledger.position, ledger.counts]).toEqual([start, noCounts()])
  })

  test('forgets what is under way', () => {
    const ledger = answeredFor(1_000)
    const [late] = send(ledger, [1_100])
    ledger.goBack(Infinity)
    ledger.close(late!, 2_000)
    expect(ledger.position).toEqual(start)
  })
})

test('kept and taken up again it knows the same: how far, what was sent, and where to go back to', () => {
  const ledger = new Ledger({ offset: 0, sourceDb: 0 })
  for (const [at, offset] of [
    [1_000, 100],
    [61_000, 200],
    [62_000, 300],
  ] as const) {
    const stretch = ledger.open({ offset, sourceDb: 1 }, { ...noCounts(), entries: 1, written: 1 })
    ledger.close(stretch, at)
  }
  ledger.sending(450)
  const kept = JSON.parse(JSON.stringify(ledger.state())) as LedgerState
  const taken = (): Ledger => Ledger.resumed(kept, 400, 5)
  expect(taken()).toMatchObject({
    position: { offset: 300, sourceDb: 1 },
    sentOffset: 450,
    counts: { written: 3 },
  })
  expect(Ledger.resumed(kept, 600, 5).sentOffset).toBe(600)
  const lost = taken()
  lost.goBack(500)
  expect(lost).toMatchObject({ position: { offset: 200 }, counts: { written: 2 } })
  lost.goBack(50_000)
  expect(lost).toMatchObject({ position: { offset: 100 }, counts: { written: 1 } })
  lost.goBack(Infinity)
  expect(lost).toMatchObject({ position: { offset: 0 }, counts: { written: 0 } })
})
