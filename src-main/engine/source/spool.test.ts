import { appendFile, mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { mountSmallDisk } from '../../../test/support/small-disk.ts'
import { Spool } from './spool.ts'

const replid = 'a'.repeat(40)
const options = { quotaBytes: 1 << 30, keepBehindMs: 1000, segmentBytes: 1000 }
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-spool-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Bytes that tell their own offset, so that one out of place is seen. */
function streamBytes(from: number, to: number): Buffer {
  return Buffer.from(Array.from({ length: to - from }, (_, index) => (from + 1 + index) % 251))
}

async function readTo(spool: Spool, from: number, to: number): Promise<Buffer> {
  const controller = new AbortController()
  const parts: Buffer[] = []
  for await (const { bytes, end } of spool.read(from, controller.signal)) {
    parts.push(Buffer.from(bytes))
    if (end >= to) controller.abort()
  }
  return Buffer.concat(parts).subarray(0, to - from)
}

async function fill(spool: Spool, from: number, to: number, step = 77): Promise<void> {
  for (let at = from; at < to; at += step) {
    await spool.append(streamBytes(at, Math.min(at + step, to)), at)
    await spool.sync()
  }
}

test('what was appended is read back from any offset, across files', async () => {
  await using spool = await Spool.open(folder, options)
  await spool.beginStream(replid, 500)
  await fill(spool, 500, 6000)
  expect(spool.end).toBe(6000)
  expect(spool.durable).toBe(6000)
  expect((await readdir(folder)).filter((name) => name.endsWith('.stream')).length).toBeGreaterThan(3)
  for (const from of [500, 501, 1499, 3333, 5999])
    expect(await readTo(spool, from, 6000)).toEqual(streamBytes(from, 6000))
})

test('a reader waits for what is still to come, in a file that has been begun and in the next', async () => {
  await using spool = await Spool.open(folder, options)
  await spool.beginStream(replid, 0)
  await fill(spool, 0, 100)
  const reading = readTo(spool, 50, 4000)
  await fill(spool, 100, 4000)
  expect(await reading).toEqual(streamBytes(50, 4000))
})

test('bytes larger than a record keep their order and offsets', async () => {
  await using spool = await Spool.open(folder, options)
  await spool.beginStream(replid, 0)
  const bytes = streamBytes(0, 700_000)
  await spool.append(bytes, 1)
  await spool.sync()
  expect((await readTo(spool, 0, 700_000)).equals(bytes)).toBe(true)
  expect((await readTo(spool, 400_001, 700_000)).equals(bytes.subarray(400_001))).toBe(true)
})

test.each([1, 10, 16, 17, 60])(
  'a last record torn %i bytes before its end is dropped, and no more',
  async (torn) => {
    {
      await using spool = await Spool.open(folder, options)
      await spool.beginStream(replid, 0)
      await fill(spool, 0, 770)
    }
    const name = (await readdir(folder)).find((entry) => entry.endsWith('.stream'))!
    await truncate(join(folder, name), (await stat(join(folder, name))).size - torn)
    await using again = await Spool.open(folder, options)
    expect(again.end).toBe(770 - 77)
    await fill(again, 770 - 77, 2000)
    expect(await readTo(again, 0, 2000)).toEqual(streamBytes(0, 2000))
  },
)

test('rubbish behind the last record is cut off', async () => {
  {
    await using spool = await Spool.open(folder, options)
    await spool.beginStream(replid, 0)
    await fill(spool, 0, 300)
  }
  const name = (await readdir(folder)).find((entry) => entry.endsWith('.stream'))!
  await appendFile(join(folder, name), Buffer.alloc(500))
  await using again = await Spool.open(folder, options)
  expect(again.end).toBe(300)
  expect(again.reaches(replid, 120)).toBe(true)
})

test('only a history that is ours is reached, under the id it had at the time', async () => {
  await using spool = await Spool.open(folder, options)
  await spool.beginStream(replid, 100)
  await fill(spool, 100, 200)
  const promoted = 'b'.repeat(40)
  await spool.continueAs(promoted)
  await fill(spool, 200, 300)
  expect(spool.reaches(replid, 200)).toBe(true)
  expect(spool.reaches(replid, 250)).toBe(false)
  expect(spool.reaches(promoted, 250)).toBe(true)
  expect(spool.reaches(promoted, 301)).toBe(false)
  expect(spool.reaches(promoted, 99)).toBe(false)
  expect(spool.reaches('c'.repeat(40), 150)).toBe(false)
})

test('a snapshot is read while it comes, outlives a restart when whole, and is nothing when it was not', async () => {
  const bytes = streamBytes(0, 5000)
  {
    await using spool = await Spool.open(folder, options)
    await spool.beginSnapshot(replid, 42)
    await using reader = await spool.readSnapshot(new AbortController().signal)
    const target = Buffer.alloc(6000)
    const reading = (async () => {
      let at = 0
      for (;;) {
        const got = await reader.read(at, target, at, 700)
        if (got === 0) return at
        at += got
      }
    })()
    for (let at = 0; at < 5000; at += 900) await spool.writeSnapshot([bytes.subarray(at, at + 900)])
    await spool.endSnapshot()
    expect(await reading).toBe(5000)
    expect(target.subarray(0, 5000)).toEqual(bytes)
  }
  {
    await using again = await Spool.open(folder, options)
    expect(again.lineage).toMatchObject({ replid, start: 42, snapshot: 5000 })
    expect(again.end).toBe(42)
    await again.beginSnapshot(replid, 77)
    await again.writeSnapshot([bytes])
  }
  await using last = await Spool.open(folder, options)
  expect(last.lineage).toBe(null)
})

test('the tail behind the target is kept for a while, then freed; a target that rolls back keeps it', async () => {
  await using spool = await Spool.open(folder, options)
  await spool.beginStream(replid, 0)
  await fill(spool, 0, 5000)
  await spool.release(4000, 10_000)
  expect(spool.start).toBe(0)
  await spool.release(100, 10_500)
  await spool.release(4000, 11_200)
  expect(spool.start).toBe(0)
  await spool.release(4000, 12_300)
  expect(spool.start).toBeGreaterThan(2000)
  expect(spool.start).toBeLessThanOrEqual(4000)
  expect(await readTo(spool, 4000, 5000)).toEqual(streamBytes(4000, 5000))
})

test('at its quota the spool takes no more until room is made', async () => {
  await using spool = await Spool.open(folder, { ...options, quotaBytes: 3000 })
  await spool.beginStream(replid, 0)
  await fill(spool, 0, 3000)
  let roomy = false
  const waiting = spool.room().then(() => (roomy = true))
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(roomy).toBe(false)
  await spool.release(3000)
  await waiting
  expect(spool.full).toBe(false)
})

test('readers of a history that was thrown away end', async () => {
  await using spool = await Spool.open(folder, options)
  await spool.beginStream(replid, 0)
  await fill(spool, 0, 100)
  const reading = readTo(spool, 0, 1000)
  await spool.beginSnapshot('d'.repeat(40), 9)
  expect((await reading).length).toBeLessThanOrEqual(100)
})

test('a record changed on disk is refused, not handed on', async () => {
  await using spool = await Spool.open(folder, options)
  await spool.beginStream(replid, 0)
  await fill(spool, 0, 900)
  const name = (await readdir(folder)).find((entry) => entry.endsWith('.stream'))!
  await writeFile(join(folder, name), Buffer.from('x'), { flag: 'r+' })
  await expect(readTo(spool, 0, 900)).rejects.toThrow(/spool.damaged/)
})

test('what could not be written is not written into the history after it', async () => {
  await using spool = await Spool.open(folder, options)
  await spool.beginStream(replid, 0)
  await rm(folder, { recursive: true })
  const written = [spool.append(streamBytes(0, 100), 0), spool.append(streamBytes(100, 200), 0)]
  const outcomes = await Promise.allSettled(written)
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(spool.sync()).rejects.toBeInstanceOf(FailureError)
  await mkdir(folder)
  await spool.beginStream('b'.repeat(40), 700)
  await fill(spool, 700, 900)
  expect(spool.end).toBe(900)
  expect(await readTo(spool, 700, 900)).toEqual(streamBytes(700, 900))
})

test('a full disk is told as such wherever it is found', async () => {
  using disk = mountSmallDisk(join(folder, 'small'))
  if (disk === null) return
  const failure = { failure: { code: 'store.disk-full', params: { folder: disk.path } } }
  await using spool = await Spool.open(disk.path, options)
  await spool.beginSnapshot(replid, 0)
  const piece = Buffer.alloc(1 << 20)
  await expect(
    (async () => {
      for (let at = 0; at < 5; at += 1) await spool.writeSnapshot([piece])
    })(),
  ).rejects.toMatchObject(failure)
  await expect(spool.endSnapshot()).rejects.toMatchObject(failure)
  await spool.forget()
  await spool.beginStream(replid, 0)
  await expect(spool.append(Buffer.alloc(5 << 20), 0)).rejects.toMatchObject(failure)
  await expect(spool.sync()).rejects.toMatchObject(failure)
  await expect(spool.room()).rejects.toMatchObject(failure)
})
