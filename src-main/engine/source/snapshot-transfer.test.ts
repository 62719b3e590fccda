import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SnapshotTransfer } from './snapshot-transfer.ts'

function receive(header: string, chunks: readonly Buffer[]): { rdb: string; rest: string | null } {
  const transfer = new SnapshotTransfer(header)
  const rdb: Buffer[] = []
  const rest: Buffer[] = []
  let ended = false
  for (const chunk of chunks) {
    if (ended) {
      rest.push(chunk)
      continue
    }
    const step = transfer.push(chunk)
    rdb.push(...step.rdb)
    ended = step.ended
    if (step.rest !== null) rest.push(step.rest)
  }
  return {
    rdb: Buffer.concat(rdb).toString('latin1'),
    rest: ended ? Buffer.concat(rest).toString('latin1') : null,
  }
}

const marker = 'aaab'.repeat(9) + 'aaaa'
// The body plays with the marker's beginning, which is where finding it is hard.
const body = `REDIS0010${marker.slice(0, 39)}-${marker.slice(1)}\r\n\naaab${marker.slice(0, 20)}`
const after = '*1\r\n$4\r\nPING\r\n'

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
  return edges.slice(1).map((end, at) => bytes.subarray(edges[at], end))
}

test.each([
  ['with its length', `$${body.length}`, Buffer.from(body + after)],
  ['with a marker', `$EOF:${marker}`, Buffer.from(body + marker + after)],
])('a snapshot %s ends at the right byte wherever it is cut', (_, header, wire) => {
  const expected = { rdb: body, rest: after }
  expect(receive(header, [wire])).toEqual(expected)
  expect(receive(header, cutAt(wire, Array.from(wire.keys())))).toEqual(expected)
  fc.assert(
    fc.property(fc.array(fc.nat(wire.length), { maxLength: 6 }), (cuts) => {
      expect(receive(header, cutAt(wire, cuts))).toEqual(expected)
    }),
  )
})

test('without its marker a snapshot does not end', () => {
  expect(receive(`$EOF:${marker}`, [Buffer.from(`${body}-${marker.slice(0, 39)}`)]).rest).toBe(null)
})

test.each(['+OK', '$', '$EOF:short', ''])('what announces no snapshot is refused: %j', (header) => {
  expect(() => new SnapshotTransfer(header)).toThrow(/source.stream-corrupt/)
})
