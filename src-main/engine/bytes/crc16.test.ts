import { describe, expect, it } from 'vitest'
import { crc16, keySlot } from './crc16.ts'

describe('crc16', () => {
  it('gives the check value of crc16.c', () => {
    expect(crc16(Buffer.from('123456789'))).toBe(0x31c3)
  })
})

describe('keySlot', () => {
  // As CLUSTER KEYSLOT of Redis 7.0 answers.
  it.each([
    ['', 0],
    ['foo', 12182],
    ['123456789', 12739],
    ['{user1000}.following', 3443],
    ['{user1000}.followers', 3443],
    ['user1000', 3443],
    ['foo{}{bar}', 8363],
    ['foo{{bar}}zap', 4015],
    ['{bar', 4015],
    ['foo{bar}{zap}', 5061],
    ['bar', 5061],
    ['foo{bar', 15278],
    ['}foo{', 8453],
  ])('of %j is %i', (key, slot) => {
    expect(keySlot(Buffer.from(key))).toBe(slot)
  })

  it('looks only at the range it is given', () => {
    const bytes = Buffer.from('{foo}bar}')
    expect(keySlot(bytes, 5, 8)).toBe(keySlot(Buffer.from('bar')))
  })
})
