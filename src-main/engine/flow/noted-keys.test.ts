import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { NotedKeys } from './noted-keys.ts'

test('a disk that does not take them is told to who asks for them, and to nobody before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-noted-'))
  try {
    const noted = new NotedKeys(join(folder, 'no such folder', 'noted'), 2)
    for (let index = 0; index < 7; index += 1) noted.add({ db: 0, key: Buffer.from([index]) })
    // Long enough for a rejection that nobody waits for to be found.
    await setImmediate()
    await expect(noted.batches(10).next()).rejects.toBeInstanceOf(FailureError)
    await noted.clear()
    noted.add({ db: 0, key: Buffer.from('k') })
    expect((await noted.batches(10).next()).value).toEqual([{ db: 0, key: Buffer.from('k') }])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('keys are told once each, binary and of any database, those in the file and those in memory', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-noted-'))
  try {
    const noted = new NotedKeys(join(folder, 'noted'), 10)
    const expected = new Set<string>()
    for (let round = 0; round < 2; round += 1)
      for (let index = 0; index < 25; index += 1) {
        const key = Buffer.from([index, 255, 0, 58])
        noted.add({ db: index % 3, key })
        expected.add(`${index % 3} ${key.toString('hex')}`)
      }
    const told: string[] = []
    for await (const batch of noted.batches(7)) {
      expect(batch.length).toBeLessThanOrEqual(7)
      told.push(...batch.map(({ db, key }) => `${db} ${key.toString('hex')}`))
    }
    expect(new Set(told)).toEqual(expected)
    expect(readdirSync(folder)).toEqual(['noted'])
    await noted.clear()
    expect(readdirSync(folder)).toEqual([])
    for await (const batch of noted.batches(7)) expect(batch).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
