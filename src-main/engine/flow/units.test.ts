import { expect, test } from 'vitest'
import { encodeCommand } from '../resp/encode.ts'
import { UnitSplitter } from './units.ts'

interface Seen {
  commands: string[]
  end: number
  db: number
}

function split(
  lines: readonly string[],
  byteByByte = false,
): { units: Seen[]; boundary: number; db: number } {
  const wire = Buffer.concat(lines.map((line) => encodeCommand(line.split(' '))))
  const splitter = new UnitSplitter(0, 3)
  const units: Seen[] = []
  for (const chunk of byteByByte ? [...wire].map((byte) => Buffer.from([byte])) : [wire])
    for (const unit of splitter.push(chunk))
      units.push({
        commands: unit.commands.map(({ db, args }) => `${db}: ${args.join(' ')}`),
        end: unit.end,
        db: unit.db,
      })
  return { units, boundary: splitter.boundary, db: splitter.db }
}

const sizeOf = (...lines: string[]): number =>
  lines.reduce((sum, line) => sum + encodeCommand(line.split(' ')).length, 0)

test('a unit is a command, or all of a transaction with the databases it spans', () => {
  const lines = ['INCR a', 'SELECT 5', 'INCR b', 'MULTI', 'INCR c', 'SELECT 0', 'INCR d', 'EXEC', 'PING']
  const expected = [
    { commands: ['3: INCR a'], end: sizeOf('INCR a'), db: 3 },
    { commands: ['5: INCR b'], end: sizeOf(...lines.slice(0, 3)), db: 5 },
    { commands: ['5: INCR c', '0: INCR d'], end: sizeOf(...lines.slice(0, 8)), db: 0 },
  ]
  expect(split(lines)).toEqual({ units: expected, boundary: sizeOf(...lines), db: 0 })
  expect(split(lines, true)).toEqual(split(lines))
})

test('no boundary lies inside a transaction', () => {
  expect(split(['INCR a', 'MULTI', 'INCR b']).boundary).toBe(sizeOf('INCR a'))
})

test('names in lower case and empty transactions', () => {
  expect(split(['multi', 'exec', 'select 7', 'incr x', 'publish c m']).units).toEqual([
    { commands: ['7: incr x'], end: sizeOf('multi', 'exec', 'select 7', 'incr x'), db: 7 },
  ])
})

test.each([['MULTI', 'MULTI'], ['EXEC'], ['SELECT x']])('a broken frame is refused: %s', (...lines) => {
  expect(() => split(lines)).toThrow(/source.stream-corrupt/)
})
