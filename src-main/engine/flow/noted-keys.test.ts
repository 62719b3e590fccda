import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NotedKeys } from './noted-keys.ts'

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
