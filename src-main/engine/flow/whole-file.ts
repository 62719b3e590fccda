import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DumpedFile, DumpPhase } from '#contract/dump.ts'
import { fail } from '#contract/failure.ts'
import { createCrc64Arena } from '../bytes/crc64.ts'
import { asWriteFailure } from '../source/disk-room.ts'
import { LandingFile } from '../source/landing-file.ts'
import { syncFolder } from '../source/lineage.ts'
import { RdbFile, readingBytes, walkRdbFile } from '../source/rdb-file.ts'
import { entryKind } from './entry.ts'

/** Tells how far a source is. */
export type NoteProgress = (phase: DumpPhase, bytesDone: number, bytesTotal: number | null) => void

/** What reading an RDB has told. */
export type CheckedRdb = Omit<DumpedFile, 'address' | 'file'>

/**
 * Makes a path from its `.part`: that bears the name only when `make` is done, and is removed where it fails. What
 * is there already is replaced only where `force` says so. Fails with `file.exists`, or as `make` does.
 */
export async function underItsName<T>(
  path: string,
  force: boolean,
  make: (part: string) => Promise<T>,
): Promise<T> {
  const part = `${path}.part`
  const assertFree = (file: string): void => {
    if (!force && existsSync(file)) fail('file.exists', { file })
  }
  assertFree(path)
  assertFree(part)
  if (force) await rm(part, { recursive: true, force: true })
  try {
    const made = await make(part)
    assertFree(path)
    if (force) await rm(path, { recursive: true, force: true })
    await rename(part, path)
    await syncFolder(dirname(path))
    return made
  } catch (thrown) {
    await rm(part, { recursive: true, force: true })
    throw thrown
  }
}

/** An RDB that bears its name when `fill` has filled it, it is on the disk, and was read from end to end. */
export function landRdb(
  path: string,
  force: boolean,
  fill: (file: LandingFile) => Promise<void>,
  note: NoteProgress,
  signal: AbortSignal,
): Promise<CheckedRdb> {
  return underItsName(path, force, async (part) => {
    {
      await using file = await LandingFile.create(part)
      await fill(file)
      await file.sync()
    }
    return await checkRdb(part, path, note, signal)
  })
}

/** Makes a folder, for its owner only. Fails with `file.not-writable` or `file.no-room`. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (thrown) {
    throw asWriteFailure(thrown, folder)
  }
}

async function checkRdb(
  path: string,
  name: string,
  note: NoteProgress,
  signal: AbortSignal,
): Promise<CheckedRdb> {
  await using file = await RdbFile.open(path, name)
  let keys = 0
  const { header, checksum } = await walkRdbFile(
    file,
    createCrc64Arena(readingBytes),
    {
      batch(batch) {
        for (let index = 0; index < batch.count; index += 1)
          if (batch.kind[index] === entryKind.KEY) keys += 1
      },
      big: () => void (keys += 1),
      progress: (bytesDone) => note('checking', bytesDone, file.size),
    },
    signal,
  )
  note('done', file.size, file.size)
  return { bytes: file.size, keys, flavour: header.flavour, rdbVersion: header.version, checksum }
}
