import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { doubleText, readAsciiDouble, readBinaryDouble } from './double.ts'
import { MemoryFeed, runNow } from './steps.ts'

const binary = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}
const ascii = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])

describe('doubles of sorted sets', () => {
  it('in binary become the text that reads back as the same double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        const text = runNow(readBinaryDouble(new MemoryFeed(binary(value)))).toString()
        expect(Object.is(Number(text.replace('inf', 'Infinity')), value)).toBe(true)
      }),
    )
    expect([doubleText(-0), doubleText(Infinity), doubleText(-Infinity)]).toEqual(['-0', 'inf', '-inf'])
  })

  it.each(['1.5', '-1e+30', '0', '-0', '3', '1.7976931348623157e+308', '17179869184.5'])(
    'in ASCII stay as they are: %s',
    (text) => {
      const feed = new MemoryFeed(ascii(text))
      expect(runNow(readAsciiDouble(feed)).toString()).toBe(text)
      expect(feed.position).toBe(feed.end)
    },
  )

  it('know the infinities by one byte', () => {
    expect(runNow(readAsciiDouble(new MemoryFeed(Buffer.from([254])))).toString()).toBe('inf')
    expect(runNow(readAsciiDouble(new MemoryFeed(Buffer.from([255])))).toString()).toBe('-inf')
  })

  it.each([
    ['not a number, by its byte', () => readAsciiDouble(new MemoryFeed(Buffer.from([253])))],
    ['not a number, in binary', () => readBinaryDouble(new MemoryFeed(binary(NaN)))],
    ['a text that is no number', () => readAsciiDouble(new MemoryFeed(ascii('1.5x')))],
    ['a text cut short', () => readAsciiDouble(new MemoryFeed(ascii('1.5').subarray(0, 3)))],
    ['eight bytes cut short', () => readBinaryDouble(new MemoryFeed(binary(1).subarray(1)))],
  ])('refuse %s', (_, steps) => {
    expect(() => runNow(steps())).toThrow(FailureError)
  })
})
