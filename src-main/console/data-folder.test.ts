import { expect, test } from 'vitest'
import { dataFolder } from './data-folder.ts'

test.each([
  ['linux', {}, '/home/op/.local/share/keyferry'],
  ['linux', { XDG_DATA_HOME: '/data' }, '/data/keyferry'],
  ['darwin', {}, '/home/op/Library/Application Support/Keyferry'],
  ['win32', { APPDATA: '/roaming' }, '/roaming/Keyferry'],
  ['linux', { KEYFERRY_HOME: '/elsewhere' }, '/elsewhere'],
] as const)('on %s with %o', (platform, environment, folder) =>
  expect(dataFolder(environment, platform, '/home/op')).toBe(folder),
)
