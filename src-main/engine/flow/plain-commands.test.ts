import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Tongue } from '../plan/command-versions.ts'
import { encodeCommand } from '../resp/encode.ts'
import { keyedCommands } from '../resp/commands.ts'
import type { PlainTarget } from '../target/live-target.ts'
import { PlainRun } from '../target/plain-run.ts'
import { GuardedRewriter } from './guarded-rewriter.ts'
import { PlainCommands } from './plain-commands.ts'
import { UnitPreparer } from './prepare.ts'
import type { GuardMode } from './ttl-guard.ts'
import { UnitSplitter } from './units.ts'

const lanes = 7
const newest: Tongue = { versionNumber: 800, hashFieldExpiry: true, hashSetWithExpiry: true }

/** A target that says what it was given: each command with its lane, its end and its database. */
function listening(): { target: PlainTarget; placed: Placed[] } {
  const placed: Placed[] = []
  return {
    placed,
    target: {
      lanes,
      room: () => null,
      placePlain(command) {
        const run = new PlainRun(command.lane, command.db)
        run.add(command)
        placed.push({
          lane: command.lane,
          end: command.end,
          db: command.db,
          bytes: run.bytes.toString('latin1'),
        })
        return true
      },
    },
  }
}

interface Placed {
  readonly lane: number
  readonly end: number
  readonly db: number
  readonly bytes: string
}

/** What of a stream goes as plain commands, when it comes in these chunks; and what units are left. */
function pass(
  chunks: readonly Buffer[],
  tongue = newest,
  mode: GuardMode = 'guarded',
): { placed: Placed[]; units: number } {
  const { target, placed } = listening()
  const plain = new PlainCommands(target, tongue, { mode })
  const splitter = new UnitSplitter(1000, 3)
  let units = 0
  for (const chunk of chunks) {
    splitter.feed(chunk)
    do {
      plain.db = splitter.db
      splitter.pass(plain.take)
    } while (splitter.next() !== null && (units += 1))
  }
  return { placed, units }
}

/** The same commands by the way that everything can go. */
function prepare(stream: Buffer, tongue: Tongue, mode: GuardMode): Map<number, Placed & { noted: boolean }> {
  let notes = 0
  const note = (): void => void (notes += 1)
  const preparer = new UnitPreparer({
    lanes,
    onUnknown: () => undefined,
    rewriter: new GuardedRewriter({
      guard: { mode, timeToWrite: (at: number) => at + 2 ** 45, noteMoved: note } as never,
      scripts: { inFull: () => null },
      tongue,
      impossible: () => null,
      listener: {
        beyondGuard: note,
        unsure: note,
        allUnsure: note,
        toCopy: note,
        lost: note,
        impossible: note,
      },
    }),
  })
  const found = new Map<number, Placed & { noted: boolean }>()
  for (const unit of new UnitSplitter(1000, 3).push(stream)) {
    const before = notes
    const prepared = preparer.prepare(unit, 1_800_000_000_000)
    const bytes = prepared.commands.map((command) => Buffer.from(command.bytes).toString('latin1')).join('')
    found.set(unit.end, {
      lane: prepared.lanes[0]!,
      end: unit.end,
      db: unit.db,
      bytes,
      noted: notes > before,
    })
    expect(prepared.lanes.length === 1 || !bytes.startsWith('*2')).toBe(true)
  }
  return found
}

const words = fc.oneof(
  fc.constantFrom('k', '{a}b', 'PXAT', 'EX', 'KEEPTTL', 'GT', 'FIELDS', '1', '-1', '3.5', '', '0', 'STORE'),
  fc.integer({ min: 1, max: 2 ** 53 }).map(String),
  fc.string({ maxLength: 60 }),
)
const anyCommand = fc
  .tuple(
    fc.constantFrom(...keyedCommands, 'PING', 'EVAL', 'FLUSHALL', 'NOSUCH'),
    fc.array(words, { minLength: 2, maxLength: 8 }),
  )
  .map(([name, args]) => encodeCommand([name, ...args]))
const timed = fc
  .tuple(fc.constantFrom('PEXPIREAT', 'SET'), fc.integer({ min: 1, max: 2 ** 47 }))
  .map(([name, at]) => encodeCommand(name === 'SET' ? ['SET', 'k', 'v', 'PXAT', at] : [name, 'k', at]))

test('what goes as a plain command is what would have been sent for it, and has nothing to be noted', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(anyCommand, anyCommand, timed), { minLength: 1, maxLength: 20 }),
      fc.constantFrom(206, 302, 400, 500, 600, 602, 700, 800),
      fc.constantFrom<GuardMode>('guarded', 'settled', 'final'),
      (commands, versionNumber, mode) => {
        const tongue = { versionNumber, hashFieldExpiry: versionNumber >= 800, hashSetWithExpiry: false }
        const stream = Buffer.concat(commands)
        const expected = prepare(stream, tongue, mode)
        for (const { lane, end, db, bytes } of pass([stream], tongue, mode).placed)
          expect(expected.get(end)).toEqual({ lane, end, db, bytes, noted: false })
      },
    ),
    { numRuns: 200 },
  )
})

const plainOnes = [
  ['SET', 'k', 'value'],
  ['set', 'k', 'value', 'pxat', '1900000000000'],
  ['PEXPIREAT', 'k', '1900000000000'],
  ['INCR', 'k'],
  ['HSET', 'h', 'a', '1', 'b', '2'],
  ['DEL', 'k'],
  ['RPUSH', 'l', '', 'x'.repeat(70_000)],
  ['XADD', 's', '1-1', 'f', 'v'],
]
const others = [
  ['SET', 'k', '17'],
  ['SET', 'k', 'v', 'EX', '10'],
  ['DEL', 'a', 'b'],
  ['EXPIRE', 'k', '10'],
  ['RENAME', 'a', 'b'],
  ['MOVE', 'a', '1'],
  ['MSET', 'a', '1'],
  ['PEXPIREAT', 'k', '1900000000000', 'GT'],
  ['PEXPIREAT', 'k', String(2 ** 46)],
  ['NOSUCH', 'k'],
]
const stream = Buffer.concat([...plainOnes, ...others].map((args) => encodeCommand(args)))

test('commands of one key go as plain ones, all others do not', () => {
  const { placed, units } = pass([stream])
  expect(placed).toHaveLength(plainOnes.length)
  expect(units).toBe(others.length)
  expect(placed[2]!.bytes).toBe(encodeCommand(['PEXPIREAT', 'k', 1_900_000_000_000 + 2 ** 45]).toString())
  expect(placed.map(({ db }) => db)).toEqual(plainOnes.map(() => 3))
})

test('however a stream is cut, nothing of it is lost or goes twice', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length]
      const { placed, units } = pass(edges.slice(1).map((end, at) => stream.subarray(edges[at], end)))
      expect(placed.length + units).toBe(plainOnes.length + others.length)
      const whole = pass([stream]).placed
      for (const one of placed) expect(whole).toContainEqual(one)
    }),
  )
})

test('nothing of a transaction goes ahead of it', () => {
  const commands = [['MULTI'], ['INCR', 'a'], ['EXEC'], ['SELECT', '5'], ['INCR', 'a'], ['INCR', 'b']]
  const { placed, units } = pass([Buffer.concat(commands.map((args) => encodeCommand(args)))])
  expect(units).toBe(2)
  expect(placed).toMatchObject([{ db: 5, bytes: encodeCommand(['INCR', 'b']).toString() }])
})
