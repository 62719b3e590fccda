import type { Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, normalize } from 'node:path'
import type { FolderEntry, FolderListing } from '#contract/api.ts'
import { fail, type FailureCode } from '#contract/failure.ts'
import { isUrlInput } from '#contract/input-name.ts'

/** How many files are looked at together. */
const looksAtOnce = 64

/**
 * Lists a folder: folders first, each group as a person sorts names. Links are followed; what is neither file
 * nor folder, or cannot be looked at, is left out.
 */
export async function listFolder(path: string): Promise<FolderListing> {
  const folder = absolutePath(path)
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (error) {
    fail(codeOf(error), { file: folder })
  }
  const entries: FolderEntry[] = []
  for (let at = 0; at < names.length; at += looksAtOnce) {
    const some = names.slice(at, at + looksAtOnce).map((name) => entryOf(folder, name))
    for (const entry of await Promise.all(some)) if (entry) entries.push(entry)
  }
  const parent = dirname(folder)
  return { path: folder, parent: parent === folder ? null : parent, entries: entries.sort(byKindAndName) }
}

/** A path that may be read from end to end, a file or a folder: a pipe or a device would never end. */
export async function readablePath(path: string): Promise<string> {
  const file = absolutePath(path)
  let stats: Stats
  try {
    stats = await stat(file)
  } catch (error) {
    fail(codeOf(error), { file })
  }
  if (!stats.isFile() && !stats.isDirectory()) fail('file.not-readable', { file })
  return file
}

/** The inputs of a restore: readable paths, and URLs as they are. */
export async function usableInputs(inputs: readonly string[]): Promise<string[]> {
  return await Promise.all(
    inputs.map((input) => (isUrlInput(input) ? Promise.resolve(parsableUrl(input)) : readablePath(input))),
  )
}

/**
 * Where a person at a console means a path to begin nobody can tell: only whole ones are taken. Fails with
 * `usage.path-relative`.
 */
export function absolutePath(path: string): string {
  if (path.includes('\0')) fail('usage.invalid', { field: 'path' })
  if (!isAbsolute(path)) fail('usage.path-relative', { file: path })
  const clean = normalize(path)
  return clean.length > 1 && /[/\\]$/.test(clean) && dirname(clean) !== clean ? clean.slice(0, -1) : clean
}

/** It may hold a password anywhere, so it is not said in the failure. */
function parsableUrl(url: string): string {
  return URL.canParse(url) ? url : fail('usage.not-a-url')
}

async function entryOf(folder: string, name: string): Promise<FolderEntry | null> {
  const path = join(folder, name)
  try {
    const stats = await stat(path)
    const isFolder = stats.isDirectory()
    if (!isFolder && !stats.isFile()) return null
    return {
      name,
      path,
      kind: isFolder ? 'folder' : 'file',
      size: isFolder ? 0 : stats.size,
      modifiedAt: Math.trunc(stats.mtimeMs),
    }
  } catch {
    return null
  }
}

const collator = new Intl.Collator(undefined, { numeric: true })

function byKindAndName(one: FolderEntry, other: FolderEntry): number {
  if (one.kind !== other.kind) return one.kind === 'folder' ? -1 : 1
  return collator.compare(one.name, other.name)
}

function codeOf(error: unknown): FailureCode {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR' ? 'file.not-found' : 'file.not-readable'
}
