import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { encodeCommand } from '../resp/encode.ts'
import { AofReader, type AofCommand } from './reader.ts'

interface ReadOptions {
  /** As many bytes does a read give at most. */
  readonly step?: number
  readonly longArgument?: number
  readonly start?: number
}

interface Told {
  readonly commands: readonly AofCommand[]
  readonly position: number
  readonly cut: boolean
}

async function read(
  file: Buffer,
  { step = 1 << 20, start = 0, longArgument }: ReadOptions = {},
): Promise<Told> {
  const reader = new AofReader({
    path: 'a.aof',
    read: (buffer, at, length, position) => {
      const bytes = file.subarray(position, position + Math.min(length, step))
      bytes.copy(buffer, at)
      return Promise.resolve(bytes.length)
    },
    start,
    end: file.length,
    ...(longArgument === undefined ? {} : { longArgument }),
  })
  const commands: AofCommand[] = []
  for await (const batch of reader.batches()) commands.push(...batch)
  return { commands, position: reader.position, cut: reader.cut }
}

async function wholeArguments({ args, long }: AofCommand): Promise<string[]> {
  const whole: string[] = []
  for (const arg of args) {
    const chunks = [arg]
    for await (const chunk of long?.get(arg)?.chunks() ?? []) chunks.push(Buffer.from(chunk))
    whole.push(Buffer.concat(chunks).toString('hex'))
  }
  return whole
}

const words = ({ commands }: Told): string[][] => commands.map(({ args }) => args.map(String))
const set = (key: string, value: string): Buffer => encodeCommand(['SET', key, value])

test('commands come with their bytes and their places', async () => {
  const file = Buffer.concat([Buffer.from('rdb'), set('a', '1'), set('b', '')])
  const told = await read(file, { start: 3 })
  expect(words(told)).toEqual([
    ['SET', 'a', '1'],
    ['SET', 'b', ''],
  ])
  expect(told.commands[1]).toMatchObject({ start: 3 + set('a', '1').length, end: file.length })
  expect(told.commands[1]!.raw).toEqual(set('b', ''))
  expect(told.cut).toBe(false)
})

test('a command is of the time that was noted before it', async () => {
  const file = Buffer.concat([
    set('a', '1'),
    Buffer.from('#TS:1700000000\r\n'),
    set('b', '2'),
    Buffer.from('# anything else\r\n#TS:1700000007\r\n'),
    set('c', '3'),
  ])
  const { commands } = await read(file)
  expect(commands.map(({ writtenAt }) => writtenAt)).toEqual([null, 1_700_000_000_000, 1_700_000_007_000])
})

test('however its bytes come, what is read is the same', async () => {
  const argument = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ minLength: 60, maxLength: 300 }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(argument, { minLength: 1, maxLength: 5 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 200 }),
      async (commands, step) => {
        const file = Buffer.concat(commands.map((args) => encodeCommand(args)))
        const told = await read(file, { step, longArgument: 64 })
        expect(told.cut).toBe(false)
        const found = await Promise.all(told.commands.map(wholeArguments))
        expect(found).toEqual(commands.map((args) => args.map((arg) => Buffer.from(arg).toString('hex'))))
        for (const { raw, long, start, end } of told.commands)
          if (long === undefined) expect(raw.equals(file.subarray(start, end))).toBe(true)
      },
    ),
  )
})

test('an annotation that is cut off is no loss', async () => {
  const file = Buffer.concat([set('a', '1'), Buffer.from('#TS:17000')])
  expect(await read(file)).toMatchObject({ position: file.length, cut: false })
})

test('cut off anywhere, the whole commands before are told, and where they end', async () => {
  const parts = [set('a', '1'), set('long', 'x'.repeat(100)), set('b', '2')]
  const file = Buffer.concat(parts)
  const ends = [0, parts[0]!.length, parts[0]!.length + parts[1]!.length, file.length]
  for (let length = 0; length <= file.length; length += 1)
    for (const longArgument of [50, 1_000]) {
      const { commands, position, cut } = await read(file.subarray(0, length), { longArgument })
      const whole = ends.filter((end) => end <= length).length - 1
      expect([length, commands.length, position, cut]).toEqual([
        length,
        whole,
        ends[whole],
        length > ends[whole]!,
      ])
    }
})

describe('what no server writes is refused with its place', () => {
  test.each([
    ['*1\r\n$4\r\nPING\r\nhello', 14],
    ['*1\r\n$4\r\nPINGxx', 12],
    ['*1\r\n:4\r\n', 4],
    ['*0\r\n', 0],
    ['*-1\r\n', 1],
    ['*1\r\n$x\r\n', 5],
    ['\n*1\r\n$4\r\nPING\r\n', 0],
  ])('%j', async (text, offset) => {
    const told = await read(Buffer.from(text)).then(
      () => expect.fail('it was taken'),
      (thrown: unknown) => (thrown instanceof FailureError ? thrown.failure : expect.fail(String(thrown))),
    )
    expect(told).toMatchObject({ code: 'file.corrupt', params: { file: 'a.aof', offset } })
  })
})
