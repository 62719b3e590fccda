import { expect, test } from 'vitest'
import { estimateTime } from './estimate.ts'

const work = { keys: 2_000_000, bytes: 350_000_000 }

test.each([
  [{}, 1e9, 'server', 6],
  [{}, 10_000_000, 'link', 48],
  [{ bytesPerSecond: 5_000_000 }, 10_000_000, 'bytes', 96],
  [{ bytesPerSecond: 5_000_000, keysPerSecond: 20_000 }, 10_000_000, 'keys', 100],
] as const)('%j over a link of %i bytes/s: bound by the %s', (limits, link, boundBy, seconds) => {
  const estimate = estimateTime(work, limits, link)
  expect(estimate.boundBy).toBe(boundBy)
  expect(Math.round(estimate.seconds)).toBe(seconds)
})
