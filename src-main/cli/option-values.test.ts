import { describe, expect, test } from 'vitest'
import {
  byteCount,
  dbMap,
  dbPrefix,
  gather,
  keyKindList,
  moment,
  slotRanges,
  someText,
  startTime,
  ttlRule,
  wholeNumber,
} from './option-values.ts'

describe('what flags take', () => {
  test('a whole number of a range', () => {
    expect(wholeNumber(1, 256)('16')).toBe(16)
    for (const wrong of ['0', '257', '1.5', '-1', '', '1e2', '0x10'])
      expect(() => wholeNumber(1, 256)(wrong)).toThrow('from 1 to 256')
  })

  test('a name, which is never empty', () => {
    expect(someText('backups')).toBe('backups')
    expect(gather('b', ['a'])).toEqual(['a', 'b'])
    for (const empty of ['', ' ']) {
      expect(() => someText(empty)).toThrow('must not be empty')
      expect(() => gather(empty)).toThrow('must not be empty')
    }
  })

  test('a time to start at, by the clocks of a zone or exact', () => {
    const at = Date.parse('2026-11-21T17:00:00Z')
    expect(startTime('2026-11-22 02:00 Asia/Seoul')).toEqual({ at, zone: 'Asia/Seoul' })
    expect(startTime('2026-11-21T17:00Z').at).toBe(at)
    expect(() => startTime('2026-11-22 02:00 Asia/Nowhere')).toThrow('no time zone')
    expect(() => startTime('2026-03-29 02:30 Europe/Berlin')).toThrow('never show')
    expect(() => startTime('tonight')).toThrow('must be a time')
  })

  test('a moment, by the calendar or in seconds', () => {
    expect(moment('2021-08-06T02:37:50Z')).toBe(1_628_217_470_000)
    expect(moment('2021-08-06T04:37:50.250+02:00')).toBe(1_628_217_470_250)
    expect(moment('1628217470')).toBe(1_628_217_470_000)
    for (const wrong of ['', 'now', '12', '2021', '2021-13-40'])
      expect(() => moment(wrong)).toThrow('must be a time')
  })

  test('databases and where they go, one at a time or several', () => {
    expect(dbMap('4:1', dbMap('3:0,03:2'))).toEqual({ 3: 2, 4: 1 })
    for (const wrong of ['3', '3:', ':0', '3:x', '3:65536', '3:0,'])
      expect(() => dbMap(wrong)).toThrow('FROM:TO')
  })

  test('types, slots and prefixes, one at a time or several', () => {
    expect(keyKindList('set', keyKindList('hash,zset'))).toEqual(['hash', 'zset', 'set'])
    for (const wrong of ['', 'hashes', 'hash,', 'SET']) expect(() => keyKindList(wrong)).toThrow('one of')
    expect(slotRanges('866', slotRanges('0-5460,16383-16383'))).toEqual([
      { from: 0, to: 5460 },
      { from: 16383, to: 16383 },
      { from: 866, to: 866 },
    ])
    for (const wrong of ['', '1-', '-1', '9-8', '0-16384', 'a-b'])
      expect(() => slotRanges(wrong)).toThrow('FROM-TO')
    expect(dbPrefix('03:a:b', dbPrefix('0:x'))).toEqual({ 0: 'x', 3: 'a:b' })
    for (const wrong of ['', '3', '3:', ':x', 'x:3']) expect(() => dbPrefix(wrong)).toThrow('DB:PREFIX')
  })

  test('rules for expiries', () => {
    expect(ttlRule('keep')).toEqual({ rule: 'keep' })
    expect(ttlRule('none')).toEqual({ rule: 'none' })
    expect(ttlRule('set:3600')).toEqual({ rule: 'set', ms: 3_600_000 })
    expect(ttlRule('set:90m')).toEqual({ rule: 'set', ms: 5_400_000 })
    expect(ttlRule('extend:7d')).toEqual({ rule: 'extend', ms: 604_800_000 })
    for (const wrong of ['', 'set', 'set:', 'set:0', 'set:-1', 'extend:1.5h', 'drop', 'keep:1'])
      expect(() => ttlRule(wrong)).toThrow('extend:TIME')
  })

  test('sizes', () => {
    expect(byteCount(1024)('2048')).toBe(2048)
    expect(byteCount(1024)('50MB')).toBe(50_000_000)
    expect(byteCount(1024)('64KiB')).toBe(65_536)
    expect(byteCount(1024)('1.5g')).toBe(1_500_000_000)
    for (const wrong of ['', '1023', '1x', '-5MB', '1e9', 'MB'])
      expect(() => byteCount(1024)(wrong)).toThrow('at least 1024')
  })

  test('several globs', () => {
    expect(gather('b*', gather('a*'))).toEqual(['a*', 'b*'])
  })
})
