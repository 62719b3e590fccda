import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { askLine } from './ask-line.ts'

/** A terminal at which somebody types; what is drawn is kept. */
function fakeTerminal(isTTY: boolean): { type(text: string): void; end(): void; drawn(): string } {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => input })
  const output = Object.assign(new PassThrough(), { isTTY, columns: 80, rows: 24 })
  let drawn = ''
  output.on('data', (chunk: Buffer) => (drawn += chunk.toString()))
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(input as unknown as typeof process.stdin)
  vi.spyOn(process, 'stderr', 'get').mockReturnValue(output as unknown as typeof process.stderr)
  return { type: (text) => input.write(text), end: () => input.end(), drawn: () => drawn }
}

let interrupted = 0
const hear = (): void => void (interrupted += 1)

beforeEach(() => {
  interrupted = 0
  process.on('SIGINT', hear)
})

afterEach(() => {
  process.off('SIGINT', hear)
  vi.restoreAllMocks()
})

test('a line is what was typed, without what stands around it', async () => {
  const terminal = fakeTerminal(true)
  const asked = askLine('Sure? ')
  terminal.type('  yes \r')
  expect(await asked).toBe('yes')
  expect(terminal.drawn()).toContain('Sure? ')
})

test('an empty line is a line; the end of the input is none', async () => {
  const terminal = fakeTerminal(true)
  const empty = askLine('Sure? ')
  terminal.type('\r')
  expect(await empty).toBe('')
  const ended = askLine('Sure? ')
  terminal.type('\u0004')
  expect(await ended).toBeNull()
})

test('where no terminal is attached its first line is the answer, and nothing is one where there is none', async () => {
  const first = fakeTerminal(false)
  const asked = askLine('Sure? ')
  first.type('freeze\n')
  expect(await asked).toBe('freeze')
  const second = fakeTerminal(false)
  const nobody = askLine('Sure? ')
  second.end()
  expect(await nobody).toBeNull()
})

test('nothing is drawn without a question', async () => {
  const terminal = fakeTerminal(true)
  const asked = askLine('')
  terminal.type('\n')
  expect(await asked).toBe('')
  expect(terminal.drawn()).toBe('')
})

test('Ctrl-C is told to who hears it, and is no answer', async () => {
  const terminal = fakeTerminal(true)
  const asked = askLine('Sure? ')
  terminal.type('\u0003')
  await expect(asked).rejects.toMatchObject({ failure: { code: 'job.cancelled' } })
  expect(interrupted).toBe(1)
})

test('what ends the work ends the question', async () => {
  fakeTerminal(true)
  const ending = new AbortController()
  const asked = askLine('Sure? ', ending.signal)
  ending.abort()
  expect(await asked).toBeNull()
  expect(await askLine('Sure? ', ending.signal)).toBeNull()
})

test('Ctrl-C that ends the work leaves the telling to the work', async () => {
  const terminal = fakeTerminal(true)
  const ending = new AbortController()
  process.once('SIGINT', () => ending.abort())
  const asked = askLine('Sure? ', ending.signal)
  terminal.type('\u0003')
  expect(await asked).toBeNull()
})
