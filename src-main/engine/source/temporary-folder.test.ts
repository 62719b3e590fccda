import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTemporaryFolder } from './temporary-folder.ts'

let parent: string
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'keyferry-temporary-'))
})
afterAll(() => rmSync(parent, { recursive: true }))

test('what a process of ours that is gone has left is removed, and nothing else', async () => {
  const first = await makeTemporaryFolder(parent, 'keyferry-input-')
  expect(statSync(first).mode & 0o777).toBe(0o700)
  const named = basename(first)
  const of = (pid: number): string => named.replace(`-${process.pid}-`, `-${pid}-`)
  const { pid: gone } = spawnSync(process.execPath, ['-e', ''])
  const left = of(gone)
  const kept = [
    of(process.ppid),
    left.replace('keyferry-input-', 'keyferry-other-'),
    left.replace(/^keyferry-input-\w{8}/, 'keyferry-input-00000000'),
    'keyferry-input-unnumbered',
  ]
  for (const name of [left, ...kept]) {
    mkdirSync(join(parent, name))
    writeFileSync(join(parent, name, 'fetched'), 'x')
  }
  const second = await makeTemporaryFolder(parent, 'keyferry-input-')
  expect(existsSync(join(parent, left))).toBe(false)
  expect(readdirSync(parent).sort()).toEqual([named, basename(second), ...kept].sort())
})
