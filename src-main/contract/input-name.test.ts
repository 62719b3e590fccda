import { expect, test } from 'vitest'
import { nameInput, nameInputs } from './input-name.ts'

test.each([
  ['/data/dump.rdb', '/data/dump.rdb'],
  ['-', 'stdin'],
  ['https://example.com/a/dump.rdb', 'https://example.com/a/dump.rdb'],
  [
    'https://me:hunter2@example.com:8443/a/dump.rdb?sig=hunter2#hunter2',
    'https://example.com:8443/a/dump.rdb',
  ],
  ['HTTP://Example.com/dump.rdb', 'http://example.com/dump.rdb'],
  ['https://me:hunter2@exa mple/dump.rdb', 'URL'],
])('%s is called %s', (input, name) => {
  expect(nameInput(input)).toBe(name)
})

test('several are named one after another', () => {
  expect(nameInputs(['/a.rdb', 'https://h/b.rdb?token=1'])).toBe('/a.rdb, https://h/b.rdb')
})
