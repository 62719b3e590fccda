import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLog } from './log.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-log-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a log is written at once, without what could be a secret', () => {
  const file = join(folder, 'logs', 'keyferry.log')
  openLog(file).info({ target: { password: 'hunter2' } }, 'reached')
  const text = readFileSync(file, 'utf8')
  expect(text).toContain('reached')
  expect(text).not.toContain('hunter2')
})

test('a secret is taken out however deep it lies', () => {
  const file = join(folder, 'keyferry.log')
  const hops = [{ host: 'bastion', password: 'hunter2', passphrase: 'hunter3' }]
  const itself: Record<string, unknown> = { spec: { target: { via: { hops } } } }
  itself['itself'] = itself
  openLog(file).info(itself, 'reached')
  const text = readFileSync(file, 'utf8')
  expect(text).toContain('bastion')
  expect(text).not.toContain('hunter')
})

test('a folder that takes no file keeps nobody from working', () => {
  const inTheWay = join(folder, 'logs')
  writeFileSync(inTheWay, '')
  expect(() => openLog(join(inTheWay, 'keyferry.log')).info('reached')).not.toThrow()
})
