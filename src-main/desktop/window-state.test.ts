import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isReachable, readWindowState, writeWindowState } from './window-state.ts'

test('what was kept is read again; rubbish is as good as nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-'))
  const file = join(folder, 'data', 'window.json')
  const state = { bounds: { x: -5, y: 10, width: 900, height: 700 }, maximized: true }

  expect(readWindowState(file)).toBeUndefined()
  writeWindowState(file, state)
  expect(readWindowState(file)).toEqual(state)
  writeFileSync(file, '{"bounds":{"x":"left"}}')
  expect(readWindowState(file)).toBeUndefined()
  rmSync(folder, { recursive: true })
})

test('a window is put back only where a person can take hold of it', () => {
  const screens = [{ x: 0, y: 0, width: 1920, height: 1080 }]
  const at = (x: number, y: number) => isReachable({ x, y, width: 1280, height: 800 }, screens)

  expect(at(100, 100)).toBe(true)
  expect(at(1800, 900)).toBe(true)
  expect(at(1900, 100)).toBe(false)
  expect(at(-1250, 100)).toBe(false)
  expect(at(100, -300)).toBe(false)
  expect(at(2000, 100)).toBe(false)
})
