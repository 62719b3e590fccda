import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { keySlot } from '../bytes/crc16.ts'
import type { Control } from '../redis/control.ts'
import { formatDbKey, keysOf } from './checkpoint.ts'
import { listsInServer } from './key-lists.ts'
import { SlotMoves, type MasterSays, type MovingShard, type SlotHome } from './slot-moves.ts'

const key = Buffer.from('user:1')
const slot = keySlot(key)
const whole = { from: 0, to: 16_383 }
const others = [
  { from: 0, to: slot - 1 },
  { from: slot + 1, to: 16_383 },
]

/** A target of which nothing but sets is asked. */
function makeControl(sets: Map<string, Set<string>>): Control {
  const setOf = (name: string): Set<string> => {
    const known = sets.get(name) ?? new Set()
    sets.set(name, known)
    return known
  }
  let queued = 0
  const call = (command: string, ...args: unknown[]): Promise<unknown> => {
    const [name, ...members] = args.map(String)
    if (command === 'MULTI') queued = 0
    else queued += 1
    if (command === 'SADD') for (const member of members) setOf(name!).add(member)
    if (command === 'SREM') for (const member of members) setOf(name!).delete(member)
    return Promise.resolve('OK')
  }
  const callBuffer = (command: string, name: unknown): Promise<unknown> =>
    Promise.resolve(
      command === 'EXEC'
        ? Array.from({ length: queued }, () => 1)
        : [Buffer.from('0'), [...setOf(String(name))].map((member) => Buffer.from(member))],
    )
  return { address: 'target', call, callBuffer } as unknown as Control
}

interface Scene {
  readonly says: MasterSays[]
  readonly applied: number[]
  /** What the owner of a slot that is asked has in it; null: it cannot be asked. */
  held: Buffer[] | null
  readonly sets: Map<string, Set<string>>
  readonly kept: SlotHome[][]
  /** What each shard was told to expect copies of. */
  readonly expected: string[][]
  readonly shards: readonly MovingShard[]
  readonly strangers: number
  /** Lets it look for as long as it takes until `met`. */
  lookUntil(met: () => boolean): Promise<void>
  readonly moves: SlotMoves
}

/** Two masters; the first has all slots, and the second has written a key of one of them. */
function makeScene(): Scene {
  const says: MasterSays[] = [
    { slots: [whole], moving: [], offset: 100 },
    { slots: [], moving: [], offset: 50 },
  ]
  const applied = [100, 50]
  const expected: string[][] = [[], []]
  const sets = new Map([[keysOf('task', 1).moved, new Set([formatDbKey({ db: 0, key }).toString()])]])
  const kept: SlotHome[][] = []
  let strangers = 0
  const shards: MovingShard[] = [0, 1].map((index) => ({
    index,
    get applied() {
      return applied[index]!
    },
    askMaster: () => Promise.resolve(says[index]!),
    expectCopies: (keys) => void expected[index]!.push(...keys.map(({ key: name }) => String(name))),
    keysInSlot: () =>
      scene.held === null ? Promise.reject(new Error('no answer')) : Promise.resolve(scene.held),
  }))
  const control = makeControl(sets)
  const moves = new SlotMoves({
    homes: [{ ...whole, shard: 0 }],
    shards: () => shards,
    keep: (homes) => {
      // Whoever takes a slot for its own knows which of its keys may be wrong.
      expect([...expected[1]!].sort()).toEqual(
        [...(sets.get(keysOf('task', 1).repair) ?? [])].map((one) => one.slice(2)).sort(),
      )
      kept.push([...homes])
      return Promise.resolve()
    },
    onStranger: () => (strangers += 1),
  })
  const scene: Scene = {
    says,
    applied,
    held: [],
    sets,
    kept,
    expected,
    moves,
    shards,
    get strangers() {
      return strangers
    },
    async lookUntil(met) {
      const ending = new AbortController()
      const watching = moves.watch(
        (shard) => listsInServer(control, keysOf('task', shard)),
        null,
        ending.signal,
      )
      let ended = false
      void watching.catch(() => undefined).finally(() => (ended = true))
      const deadline = Date.now() + 20_000
      while (!met() && !ended && Date.now() < deadline) await sleep(10)
      ending.abort()
      await watching
      expect(met()).toBe(true)
    },
  }
  return scene
}

const repair = (scene: Scene, shard: number): string[] => [
  ...(scene.sets.get(keysOf('task', shard).repair) ?? []),
]

test('a slot that has come to rest is its new owner’s own, who copies afresh what was written meanwhile', async () => {
  const scene = makeScene()
  expect(scene.moves.isAbroad(1, key)).toBe(true)
  scene.says[0] = { slots: others, moving: [], offset: 100 }
  scene.says[1] = { slots: [{ from: slot, to: slot }], moving: [], offset: 50 }
  await scene.lookUntil(() => repair(scene, 1).length > 0)
  expect(repair(scene, 1)).toEqual([`0:${key.toString()}`])
  expect(scene.sets.get(keysOf('task', 1).moved)?.size).toBe(0)
  expect(scene.moves.isAbroad(1, key)).toBe(false)
  expect(scene.moves.isAbroad(0, key)).toBe(true)
  expect(scene.kept.at(-1)).toEqual([
    { from: 0, to: slot - 1, shard: 0 },
    { from: slot, to: slot, shard: 1, since: 50, at: expect.any(Number) as number },
    { from: slot + 1, to: 16_383, shard: 0 },
  ])
  // What a target that lost its last moments gets once more is listed once more.
  const { moves } = scene
  expect([50, 51].map((end) => moves.isAbroad(1, key, end))).toEqual([true, false])
  moves.noteCopied(1)
  expect(moves.isAbroad(1, key, 50)).toBe(false)
})

test('a target that lost its last moments may have lost what was listed of a slot that came home then: it is abroad again, and all its keys are listed', async () => {
  const scene = makeScene()
  const { says, kept, sets, expected, moves, lookUntil } = scene
  const before = Date.now()
  says[0] = { slots: others, moving: [], offset: 100 }
  says[1] = { slots: [{ from: slot, to: slot }], moving: [], offset: 50 }
  await lookUntil(() => kept.length > 0)
  expect(kept.at(-1)![1]!.at).toBeGreaterThanOrEqual(before)
  // Longer ago than the target can fall back.
  await moves.doubtSince(Date.now() + 1_000)
  expect([kept.length, moves.isAbroad(1, key)]).toEqual([1, false])
  sets.delete(keysOf('task', 1).repair)
  expected[1] = []
  await moves.doubtSince(before)
  expect(kept.at(-1)).toEqual([
    { from: 0, to: slot - 1, shard: 0 },
    { from: slot + 1, to: 16_383, shard: 0 },
  ])
  expect([moves.isAbroad(1, key), moves.isAtRest]).toEqual([true, false])
  scene.held = [key]
  await lookUntil(() => moves.isAtRest)
  expect(repair(scene, 1)).toEqual([formatDbKey({ db: 0, key }).toString()])
  expect(moves.isAbroad(1, key)).toBe(false)
})

test('a slot that moved before its new owner was copied has all its keys copied afresh, also when no look saw that and its new owner did not answer at first', async () => {
  const scene = makeScene()
  const { says, applied, kept, sets, moves, lookUntil } = scene
  // All are followed, as far as has been looked.
  await lookUntil(() => true)
  sets.get(keysOf('task', 1).moved)!.clear()
  moves.noteCopied(1)
  says[0] = { slots: others, moving: [], offset: 120 }
  says[1] = { slots: [{ from: slot, to: slot }], moving: [], offset: 60 }
  applied[0] = 120
  applied[1] = 60
  scene.held = null
  await expect(lookUntil(() => kept.length > 0)).rejects.toThrow('no answer')
  scene.held = [key]
  await lookUntil(() => kept.length > 0)
  expect(repair(scene, 1)).toEqual([formatDbKey({ db: 0, key }).toString()])
})

test('a slot that came back to its owner has its keys made good there', async () => {
  const scene = makeScene()
  await scene.lookUntil(() => repair(scene, 0).length > 0)
  expect(repair(scene, 0)).toEqual([`0:${key.toString()}`])
  expect(scene.kept).toEqual([])
})

test('nothing is decided while a slot is on its way, or while not all that was written till then is applied', async () => {
  const scene = makeScene()
  scene.says[0] = { slots: [whole], moving: [slot], offset: 100 }
  let looks = 0
  const ask = scene.says[0]
  await scene.lookUntil(() => (looks += 1) > 20)
  expect(repair(scene, 0)).toEqual([])
  scene.says[0] = { ...ask, moving: [] }
  scene.applied[1] = 49
  looks = 0
  await scene.lookUntil(() => (looks += 1) > 20)
  expect(repair(scene, 0)).toEqual([])
  scene.applied[1] = 50
  await scene.lookUntil(() => repair(scene, 0).length > 0)
})

test('a slot that none of the shards has, look after look, is a stranger’s', async () => {
  const scene = makeScene()
  scene.says[0] = { slots: others, moving: [], offset: 100 }
  await scene.lookUntil(() => scene.strangers > 0)
  expect(scene.moves.isAbroad(0, key)).toBe(false)
})

test('a key that a copy lacks is the shard’s own, another’s, or of a slot that came to it lately', async () => {
  const { says, moves, shards } = makeScene()
  says[1] = { slots: [{ from: slot, to: slot }], moving: [], offset: 50 }
  const ofLast = Buffer.from('somewhere else')
  const asked = [key, ofLast].map((name) => ({ db: 0, key: name }))
  const { signal } = new AbortController()
  expect(await moves.whoseFor(shards[1]!, null, signal)(asked)).toEqual(['unsettled', 'others'])
  expect(await moves.whoseFor(shards[0]!, null, signal)(asked)).toEqual(['own', 'own'])
})

test('what a copy of the former owner lacked is judged by the new one', async () => {
  const scene = makeScene()
  const gone = formatDbKey({ db: 0, key: Buffer.from('{user:1}:gone') }).toString()
  const kept = formatDbKey({ db: 0, key: Buffer.from('of another slot') }).toString()
  scene.sets.set(keysOf('task', 0).stale, new Set([gone, kept]))
  scene.says[0] = { slots: others, moving: [], offset: 100 }
  scene.says[1] = { slots: [{ from: slot, to: slot }], moving: [], offset: 50 }
  await scene.lookUntil(() => scene.kept.length > 0)
  expect(repair(scene, 1)).toContain(gone)
  expect([...scene.sets.get(keysOf('task', 0).stale)!]).toEqual([kept])
})
