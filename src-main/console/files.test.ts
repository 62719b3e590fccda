import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, parse } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { listFolder, readablePath, usableInputs } from './files.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-'))
})

afterEach(() => rm(folder, { recursive: true }))

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const thrown: unknown = await promise.catch((error: unknown) => error)
  return thrown instanceof FailureError ? thrown.failure.code : 'none'
}

test('a folder is listed folders first, names as a person sorts them', async () => {
  await mkdir(join(folder, 'zoo'))
  for (const name of ['dump10.rdb', 'dump9.rdb', 'Archive.rdb']) await writeFile(join(folder, name), 'REDIS')

  const { entries, path, parent } = await listFolder(`${folder}/`)

  expect(path).toBe(folder)
  expect(parent).toBe(tmpdir())
  expect(entries.map(({ name, kind, size }) => ({ name, kind, size }))).toEqual([
    { name: 'zoo', kind: 'folder', size: 0 },
    { name: 'Archive.rdb', kind: 'file', size: 5 },
    { name: 'dump9.rdb', kind: 'file', size: 5 },
    { name: 'dump10.rdb', kind: 'file', size: 5 },
  ])
})

test('links are followed; broken links and pipes are left out', async () => {
  await writeFile(join(folder, 'dump.rdb'), 'REDIS')
  await symlink('dump.rdb', join(folder, 'latest.rdb'))
  await symlink('nowhere', join(folder, 'broken.rdb'))
  execFileSync('mkfifo', [join(folder, 'pipe.rdb')])

  const { entries } = await listFolder(folder)

  expect(entries.map(({ name, size }) => [name, size])).toEqual([
    ['dump.rdb', 5],
    ['latest.rdb', 5],
  ])
})

test('the root has no parent', async () => {
  expect((await listFolder(parse(folder).root)).parent).toBeNull()
})

test('what cannot be listed is a failure with its reason', async () => {
  await writeFile(join(folder, 'dump.rdb'), 'REDIS')

  expect(await codeOf(listFolder(join(folder, 'nowhere')))).toBe('file.not-found')
  expect(await codeOf(listFolder(join(folder, 'dump.rdb')))).toBe('file.not-found')
  expect(await codeOf(listFolder('relative'))).toBe('usage.path-relative')
  expect(await codeOf(listFolder('/tmp\0/x'))).toBe('usage.invalid')
})

test.skipIf(process.getuid?.() === 0)('a folder we may not read is a failure', async () => {
  await chmod(folder, 0o000)
  expect(await codeOf(listFolder(folder))).toBe('file.not-readable')
  await chmod(folder, 0o700)
})

test('only a regular file may be read from end to end', async () => {
  await writeFile(join(folder, 'dump.rdb'), 'REDIS')
  execFileSync('mkfifo', [join(folder, 'pipe.rdb')])

  expect(await readablePath(join(folder, 'x', '..', 'dump.rdb'))).toBe(join(folder, 'dump.rdb'))
  expect(await readablePath(folder)).toBe(folder)
  expect(await codeOf(readablePath(join(folder, 'pipe.rdb')))).toBe('file.not-readable')
  expect(await codeOf(readablePath(join(folder, 'none.rdb')))).toBe('file.not-found')
})

test('a URL among the inputs of a restore is left as it is, what is read from a terminal is not taken', async () => {
  await writeFile(join(folder, 'dump.rdb'), 'REDIS')
  const url = 'https://me:secret@example.com/dump.rdb?sig=1'

  expect(await usableInputs([join(folder, 'dump.rdb'), url])).toEqual([join(folder, 'dump.rdb'), url])
  expect(await codeOf(usableInputs(['-']))).toBe('usage.path-relative')
  expect(await codeOf(usableInputs(['backups/dump.rdb']))).toBe('usage.path-relative')
  expect(await codeOf(usableInputs(['https://']))).toBe('usage.not-a-url')
})
