import { statfs } from 'node:fs/promises'
import { fail, FailureError, makeFailure } from '#contract/failure.ts'

/** What is always left free, bytes: a disk filled to the brim stops others than us. */
const mostKeptFree = 64 * 1024 * 1024
const shareKeptFree = 0.05

/** Bytes that may be written into a folder before its disk is as good as full. */
export async function roomIn(folder: string): Promise<number> {
  const { bavail, blocks, bsize } = await statfs(folder)
  return Math.max(0, bavail * bsize - Math.min(mostKeptFree, blocks * bsize * shareKeptFree))
}

/** Fails with `file.no-room` where so many more bytes do not fit into a folder. */
export async function assertRoom(folder: string, needed: number): Promise<void> {
  const free = await roomIn(folder)
  if (needed > free) fail('file.no-room', { folder, needed, free })
}

/** What a failed write into a folder is to a person. */
export function asWriteFailure(thrown: unknown, folder: string): unknown {
  const { code } = thrown as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return new FailureError(makeFailure('file.no-room', { folder }))
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOENT' || code === 'ENOTDIR')
    return new FailureError(makeFailure('file.not-writable', { file: folder, reason: code }))
  return thrown
}
