import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { KeyCounts, type Counted } from './key-counts.ts'

const answering = (answer: () => number | null | Promise<number | null>): Counted => ({
  countKeys: () => Promise.resolve(answer()),
})
const never = new Promise<never>(() => undefined)

function all(counts: KeyCounts): readonly (number | null)[] {
  return [counts.source(0), counts.source(1), counts.target]
}

test('tells what all of them hold only when the last has answered', async () => {
  let answer: (keys: number) => void = () => undefined
  const slow = new Promise<number>((resolve) => (answer = resolve))
  const counts = new KeyCounts(() => [answering(() => 1), answering(() => slow)])
  const over = new AbortController()
  const keeping = counts.keep({ countKeys: () => Promise.resolve(3) }, over.signal)
  await sleep(50)
  expect(all(counts)).toEqual([null, null, null])
  answer(2)
  await expect.poll(() => all(counts)).toEqual([1, 2, 3])
  over.abort()
  await keeping
})

test('does not know of a source that cannot be asked, and asks it again', async () => {
  let asked = 0
  const counts = new KeyCounts(() => [answering(() => 1), answering(() => ((asked += 1) > 1 ? 2 : null))])
  const over = new AbortController()
  const keeping = counts.keep({ countKeys: () => Promise.resolve(3) }, over.signal)
  await expect.poll(() => asked).toBe(1)
  expect(all(counts)).toEqual([1, null, 3])
  await expect.poll(() => all(counts)).toEqual([1, 2, 3])
  over.abort()
  await keeping
})

test('forgets at rest what was counted while there were writes, also what is still on its way', async () => {
  const answers: ((keys: number) => void)[] = []
  const source = answering(() => new Promise((resolve) => answers.push(resolve)))
  const counts = new KeyCounts(() => [source])
  const over = new AbortController()
  let held = 5
  const target = { countKeys: () => Promise.resolve(held) }
  const keeping = counts.keep(target, over.signal)
  await expect.poll(() => answers.length).toBe(1)
  held = 9
  const atRest = counts.countAtRest(target)
  answers[0]!(5)
  await expect.poll(() => answers.length).toBe(2)
  expect(all(counts)).toEqual([null, null, null])
  answers[1]!(9)
  await atRest
  expect(all(counts)).toEqual([9, null, 9])
  over.abort()
  await keeping
})

test('at rest, tells what the target holds though a source never answers', async () => {
  const counts = new KeyCounts(() => [answering(() => never)])
  await counts.countAtRest({ countKeys: () => Promise.resolve(7) })
  expect(all(counts)).toEqual([null, null, 7])
})
