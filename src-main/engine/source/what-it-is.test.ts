import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { corpusFiles } from '../../../test/support/corpus.ts'
import { whatItBeginsAs, whatItIs } from './what-it-is.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyferry-what-'))
afterAll(() => rmSync(folder, { recursive: true }))

test.each([
  ['REDIS0009\xfa\x09redis-ver\x056.2.1', 'rdb'],
  ['VALKEY080\xfa\x0avalkey-ver\x059.1.2', 'rdb'],
  ['REDIS0002\xfe\x00', 'rdb'],
  ['REDIS0009\xfa\x09redis-ver\x056.2.1\xfa\x0caof-preamble\xc0\x01', 'aof'],
  ['REDIS0011\xfa\x09redis-ver\x057.2.6\xfa\x08aof-base\xc0\x01', 'aof'],
  ['REDIS0011\xfa\x09redis-ver\x057.2.6\xfa\x08aof-base\xc0\x00', 'rdb'],
  ['*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n', 'aof'],
  ['#TS:1700000000\r\n*2\r\n$6\r\nSELECT\r\n', 'aof'],
  ['file appendonly.aof.1.base.rdb seq 1 type b\n', 'manifest'],
  ['# ours\nfile "a b.aof" seq 1 type i\n', 'manifest'],
  ['PK\x03\x04', 'packed'],
  ['\xfd7zXZ\0', 'packed'],
  ['\x28\xb5\x2f\xfd', 'packed'],
  ['<!DOCTYPE html>', 'unknown'],
  ['REDIS', 'rdb'],
  ['VAL', 'rdb'],
  ['REDISx', 'rdb'],
  ['RABBIT', 'unknown'],
  ['*', 'unknown'],
  ['', 'empty'],
])('%j is %s', (text, kind) => {
  expect(whatItBeginsAs(Buffer.from(text, 'latin1'))).toBe(kind)
})

describe('a path', () => {
  test('is told by its content, whatever it is called', async () => {
    const path = join(folder, 'backup.aof')
    writeFileSync(path, gzipSync('REDIS0009'))
    expect(await whatItIs(path)).toBe('gzip')
    expect(await whatItIs(folder)).toBe('folder')
  })

  test('that is not there is a failure', async () => {
    await expect(whatItIs(join(folder, 'none'))).rejects.toMatchObject({
      failure: { code: 'file.not-found', params: { file: join(folder, 'none') } },
    })
  })
})

test.skipIf(corpusFiles('.rdb').length === 0)('files of other projects are told apart', async () => {
  for (const path of corpusFiles('.rdb')) expect([path, await whatItIs(path)]).toEqual([path, 'rdb'])
  for (const path of corpusFiles('.aof')) expect([path, await whatItIs(path)]).toEqual([path, 'aof'])
})
