import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Connection } from '#contract/connection.ts'
import type { SshVia } from '#contract/tunnel.ts'

/** Files on the machine of a source, wherever that is. Its methods reject as the system there does. */
export interface SourceFiles extends Disposable {
  /** Its clock is ours. */
  readonly isHere: boolean
  /** Bytes; and when it was changed last, ms. */
  stat(path: string): Promise<{ readonly size: number; readonly mtimeMs: number }>
  list(folder: string): Promise<readonly string[]>
  /** The first so many bytes of a file. */
  read(path: string, bytes: number): AsyncIterable<Uint8Array>
}

/** How the files of a source can be had: they lie here, or where the last hop of its tunnel is; null where neither. */
export async function openSourceFiles(
  { host, via }: Connection,
  signal: AbortSignal,
): Promise<SourceFiles | null> {
  if (via === undefined) return isThisMachine(host) ? hereFiles : null
  if (via.kind !== 'ssh' || !isOnHop(via, host)) return null
  const { openSftp } = await import('../ssh/sftp.ts')
  return await openSftp(via, signal)
}

const hereFiles: SourceFiles = {
  isHere: true,
  stat: (path) => stat(path),
  list: (folder) => readdir(folder),
  read: (path, bytes) => createReadStream(path, bytes === 0 ? { end: 0 } : { end: bytes - 1 }),
  [Symbol.dispose]: () => undefined,
}

function isThisMachine(host: string): boolean {
  return (
    isLoopback(host) ||
    Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === host))
  )
}

/** What the last hop calls itself is the last hop. */
function isOnHop({ hops }: SshVia, host: string): boolean {
  return isLoopback(host) || hops.at(-1)?.host === host
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
