import { expect, it } from 'vitest'
import type { FileReport } from '#contract/inspect.ts'
import type { FollowedRules } from '#contract/selection.ts'
import { estimateLive, estimateScope } from './scope-estimate.ts'

const all: FollowedRules = { include: [], exclude: [] }

/** 1,000 keys: 800 in db 0 and 200 in db 3; 900 strings, 100 hashes that take half of the file. */
const report = {
  keys: 1_000,
  bytes: 10_000,
  memoryBytes: 50_000,
  dbs: [
    { db: 0, keys: 800, expiring: 0 },
    { db: 3, keys: 200, expiring: 0 },
  ],
  types: [
    { kind: 'string', keys: 900, bytes: 4_000 },
    { kind: 'hash', keys: 60, bytes: 3_000 },
    { kind: 'hash', keys: 40, bytes: 1_000 },
  ],
  prefixes: {
    separator: ':',
    depth: 1,
    exact: true,
    rows: [
      { prefix: 'user:', keys: 500, bytes: 0, memoryBytes: 10_000 },
      { prefix: 'sess:', keys: 250, bytes: 0, memoryBytes: 20_000 },
    ],
    others: { keys: 250, bytes: 0, memoryBytes: 20_000 },
  },
} as unknown as FileReport

it('tells the whole file exactly, and several files together', () => {
  expect(estimateScope([report], all)).toEqual({
    keys: 1_000,
    bytes: 10_000,
    memoryBytes: 50_000,
    how: 'exact',
  })
  expect(estimateScope([report, report], all)).toMatchObject({ keys: 2_000, how: 'exact' })
})

it('counts databases and types as the file has them', () => {
  expect(estimateScope([report], { ...all, dbs: [3] })).toMatchObject({ keys: 200, how: 'exact' })
  expect(estimateScope([report], { ...all, types: ['hash'] })).toMatchObject({
    keys: 100,
    bytes: 5_000,
    how: 'exact',
  })
  expect(estimateScope([report], { ...all, dbs: [3], types: ['hash'] })).toMatchObject({
    keys: 20,
    how: 'about',
  })
})

it('takes slots as spread evenly, none of them twice', () => {
  const slots = [
    { from: 0, to: 8191 },
    { from: 4096, to: 8191 },
  ]
  expect(estimateScope([report], { ...all, slots })).toMatchObject({ keys: 500, how: 'about' })
})

it('knows what begins with a prefix of the file, and of no other pattern', () => {
  expect(estimateScope([report], { ...all, include: ['user:*', 'sess:*'] })).toMatchObject({
    keys: 750,
    memoryBytes: 30_000,
    how: 'about',
  })
  expect(estimateScope([report], { ...all, exclude: ['user:*'] })).toMatchObject({ keys: 500, how: 'about' })
  expect(estimateScope([report], { ...all, include: ['*:1'] })).toMatchObject({ keys: 1_000, how: 'at-most' })
  expect(estimateScope([report], { ...all, include: ['user:1*'] })).toMatchObject({ how: 'at-most' })
  expect(estimateScope([report], { ...all, exclude: ['cart:*'] })).toMatchObject({
    keys: 1_000,
    how: 'at-most',
  })
})

it('tells of a server what its databases say, and no more', () => {
  const facts = {
    keysPerDb: { 0: { keys: 300, expires: 0 }, 3: { keys: 100, expires: 5 } },
    usedMemory: 4_000,
  }
  expect(estimateLive(facts, all)).toEqual({ keys: 400, bytes: null, memoryBytes: 4_000, how: 'exact' })
  expect(estimateLive(facts, { ...all, dbs: [3, 7] })).toMatchObject({
    keys: 100,
    memoryBytes: 1_000,
    how: 'exact',
  })
  const slots = [{ from: 0, to: 8191 }]
  expect(estimateLive(facts, { ...all, slots })).toMatchObject({ keys: 200, how: 'about' })
  expect(estimateLive(facts, { ...all, include: ['user:*'] })).toMatchObject({ keys: 400, how: 'at-most' })
  expect(estimateLive(facts, { ...all, excludeTypes: ['list'] })).toMatchObject({ how: 'at-most' })
  expect(estimateLive({ keysPerDb: {}, usedMemory: null }, all)).toMatchObject({ keys: 0, memoryBytes: null })
})
