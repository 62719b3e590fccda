import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hexLines, jsonRuns, readable, textRuns, type Run } from './bytes-shown.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))
const marked = (runs: readonly Run[]): string[] => runs.filter((run) => run.marked).map(({ text }) => text)

test('bytes that differ are marked in both columns, and a side that is longer', () => {
  const [first, second] = hexLines(bytes('{"qty":1}tail'), bytes('{"qty":2}'), 0x100)
  expect(first).toEqual({
    offset: '0100',
    hex: [
      { text: '7b 22 71 74 79 22 3a ', marked: false },
      { text: '31', marked: true },
    ],
    ascii: [
      { text: '{"qty":', marked: false },
      { text: '1', marked: true },
    ],
  })
  expect(second?.hex.map(({ text }) => text)).toEqual(['7d ', '74 61 69 6c'])
  expect(
    hexLines(Uint8Array.of(0, 255, 0x7f), new Uint8Array(3), 0)[0]?.ascii.map(({ text }) => text),
  ).toEqual(['·', '··'])
})

test('of a text what stands between the shared ends is marked, never half a character', () => {
  expect(marked(textRuns(bytes('price 100 KRW'), bytes('price 250 KRW')))).toEqual(['10'])
  expect(marked(textRuns(bytes('값 가 끝'), bytes('값 각 끝')))).toEqual(['가'])
  expect(marked(textRuns(bytes('same'), bytes('same')))).toEqual([])
  expect(marked(textRuns(bytes('ab'), bytes('')))).toEqual(['ab'])
})

test('nothing can disguise itself, and lines stay lines', () => {
  expect(readable(bytes('a\nb\u202Ec\u0000'))).toBe('a\nb\\xe2\\x80\\xaec\\x00')
  expect(readable(Uint8Array.of(0x61, 0xff))).toBe('a\\xff')
})

test('every byte of any value is shown once, whatever it is compared with', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 60 }), (one, other) => {
      const shown = hexLines(one, other, 0).flatMap(({ hex }) => hex.map(({ text }) => text.trim()))
      expect(shown.join(' ').split(' ').filter(Boolean)).toEqual(
        [...one].map((byte) => byte.toString(16).padStart(2, '0')),
      )
      const text = textRuns(one, other)
        .map((run) => run.text)
        .join('')
      expect(text).toBe(readable(one))
    }),
  )
})

test('of JSON the lines that the other side lacks are marked', () => {
  const runs = jsonRuns(bytes('{"a":1,"b":[1,2],"c":"x"}'), bytes('{"a":1,"b":[2],"c":"y"}'))
  expect(marked(runs!.source)).toEqual(['    1,\n', '  "c": "x"\n'])
  expect(marked(runs!.target)).toEqual(['  "c": "y"\n'])
  expect(jsonRuns(bytes('{"a":1}'), bytes('no'))).toBeNull()
  expect(jsonRuns(bytes('12'), bytes('12'))).toBeNull()
})
