import type { SFTPWrapper, Stats } from 'ssh2'
import { FailureError, makeFailure } from '#contract/failure.ts'
import type { SshVia } from '#contract/tunnel.ts'
import type { SourceFiles } from '../source/near-files.ts'
import { borrowSession } from './sessions.ts'

/** Reads files on the machine of the last hop (SFTP 3). Fails with `ssh.*` or `tunnel.*`; methods reject with SFTP's own errors. */
export async function openSftp(via: SshVia, signal: AbortSignal): Promise<SourceFiles> {
  const borrowed = await borrowSession(via, { signal })
  const { client, hop } = borrowed.session
  let sftp: SFTPWrapper
  try {
    sftp = await new Promise((resolve, reject) => {
      client.sftp((error, wrapper) => {
        if (error === undefined) resolve(wrapper)
        else reject(new FailureError(makeFailure('tunnel.no-sftp', { hop })))
      })
    })
  } catch (thrown) {
    borrowed[Symbol.dispose]()
    throw thrown
  }
  return {
    isHere: false,
    stat: (path) =>
      new Promise((resolve, reject) => {
        sftp.stat(path, (error, { size, mtime } = {} as Stats) =>
          error === undefined ? resolve({ size, mtimeMs: mtime * 1000 }) : reject(error),
        )
      }),
    list: (folder) =>
      new Promise((resolve, reject) => {
        sftp.readdir(folder, (error, entries) =>
          error === undefined
            ? resolve(entries.map(({ filename }) => filename).filter((name) => name !== '.' && name !== '..'))
            : reject(error),
        )
      }),
    read: (path, bytes) => sftp.createReadStream(path, bytes === 0 ? { end: 0 } : { end: bytes - 1 }),
    [Symbol.dispose]() {
      sftp.end()
      borrowed[Symbol.dispose]()
    },
  }
}
