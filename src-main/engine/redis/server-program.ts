import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A redis-server or valkey-server on this machine. */
export interface ServerProgram {
  readonly path: string
  /** As it tells it, such as `7.0.15`. */
  readonly version: string
  readonly major: number
}

/** Where they are put, beside PATH: what is started from a desktop often has a short one. */
const usualFolders: readonly string[] = ['/usr/local/bin', '/opt/homebrew/bin', '/usr/bin', '/usr/local/sbin']

/** The first redis-server, else valkey-server, of this major version or later. Null where there is none. */
export function findServerProgram(sinceMajor = 0): ServerProgram | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...usualFolders]
  for (const name of ['redis-server', 'valkey-server'])
    for (const folder of folders) {
      const program = asServerProgram(join(folder, name))
      if (program !== null && program.major >= sinceMajor) return program
    }
  return null
}

/** Null where the path leads to no such program. */
export function asServerProgram(path: string): ServerProgram | null {
  try {
    accessSync(path, constants.X_OK)
    const told = execFileSync(path, ['--version'], { encoding: 'utf8', stdio: 'pipe', timeout: 10_000 })
    const version = /v=(\d+\.\d+\.\d+)/.exec(told)?.[1]
    return version === undefined ? null : { path, version, major: Number.parseInt(version, 10) }
  } catch {
    return null
  }
}
