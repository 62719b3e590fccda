import { expect, test } from 'vitest'
import { keySlot } from '../bytes/crc16.ts'
import { slotTag } from './slot-tags.ts'

test('every slot has a tag that puts a name into it, and a short one', () => {
  const seen = new Set<string>()
  for (let slot = 0; slot < 16_384; slot += 1) {
    const tag = slotTag(slot)
    seen.add(tag)
    expect(keySlot(Buffer.from(`keyferry:tmp:1a2b:7${tag}`))).toBe(slot)
    expect(tag).toMatch(/^\{[a-z0-9]{1,4}\}$/)
  }
  expect(seen.size).toBe(16_384)
})
