import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { fail } from '#contract/failure.ts'
import { largestProfileFile } from '#contract/profile-file.ts'

/** The text of a profile's file. Fails with `file.*`, or with `profile.not-a-file` where it is too large for one. */
export async function readProfileText(file: string): Promise<string> {
  const known = await stat(file).catch(() => fail('file.not-found', { file }))
  if (known.isDirectory()) fail('file.is-directory', { file })
  if (known.size > largestProfileFile) fail('profile.not-a-file', { file: basename(file) })
  return await readFile(file, 'utf8').catch(() => fail('file.not-readable', { file }))
}
