import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { contentSecurityPolicy, readRendererFiles } from './renderer-files.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-'))
  await mkdir(join(folder, 'renderer', 'assets'), { recursive: true })
  await writeFile(join(folder, 'secret.html'), 'not ours')
  await writeFile(join(folder, 'renderer', 'index.html'), '<!doctype html>')
  await writeFile(join(folder, 'renderer', 'assets', 'a b.js'), 'run()')
  await writeFile(join(folder, 'renderer', 'assets', 'a.js.map'), '{}')
  await symlink(join(folder, 'secret.html'), join(folder, 'renderer', 'link.html'))
})

afterEach(() => rm(folder, { recursive: true }))

test('only the files of the console are served, by their exact paths', async () => {
  const files = await readRendererFiles(pathToFileURL(`${join(folder, 'renderer')}/`))

  expect([...files.keys()].sort()).toEqual(['/', '/assets/a b.js', '/index.html'])
  expect(files.get('/')).toMatchObject({ type: 'text/html; charset=utf-8' })
  expect(files.get('/assets/a b.js')?.body.toString()).toBe('run()')
})

test('the tag of a file changes with what is in it', async () => {
  const root = pathToFileURL(`${join(folder, 'renderer')}/`)
  const before = (await readRendererFiles(root)).get('/')?.etag
  await writeFile(join(folder, 'renderer', 'index.html'), '<!doctype html><p>')

  expect((await readRendererFiles(root)).get('/')?.etag).not.toBe(before)
})

test('the content policy allows nothing inline, evaluated or from elsewhere', () => {
  expect(contentSecurityPolicy).not.toMatch(/unsafe|\*|https?:/)
  expect(contentSecurityPolicy).toContain("default-src 'self'")
})
