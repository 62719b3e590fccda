import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

/** By which a file is known again: how long it is, when it was written, and what its ends are. */
export interface InputIdentity {
  readonly size: number
  /** Null for a landed copy, which is always new. */
  readonly modifiedMs: number | null
  /** SHA-256 of its first and its last bytes. An RDB's last ones are the checksum of all of it. */
  readonly ends: string
}

const endBytes = 64 * 1024

/** Looks at a file. `isLanded`: it is a copy, made for this run. Rejects as the system does. */
export async function identifyInput(path: string, isLanded: boolean): Promise<InputIdentity> {
  const file = await open(path, 'r')
  try {
    const { size, mtimeMs } = await file.stat()
    const hash = createHash('sha256')
    for (const from of [0, Math.max(0, size - endBytes)]) {
      const bytes = Buffer.alloc(Math.min(endBytes, size))
      const { bytesRead } = await file.read(bytes, 0, bytes.length, from)
      hash.update(bytes.subarray(0, bytesRead))
    }
    return { size, modifiedMs: isLanded ? null : mtimeMs, ends: hash.digest('hex') }
  } finally {
    await file.close()
  }
}

export function isSameInput(one: InputIdentity, other: InputIdentity): boolean {
  return one.size === other.size && one.modifiedMs === other.modifiedMs && one.ends === other.ends
}
