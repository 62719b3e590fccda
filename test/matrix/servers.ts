import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { otherServers, startRedis, versionOf, type RedisServer } from '../support/redis-server.ts'

/** A real server of the matrix, and what its documentation says it can hold: no word of it comes from our code. */
export interface MatrixServer {
  /** Such as `redis 7.0.15`. */
  readonly name: string
  readonly flavour: 'redis' | 'valkey'
  readonly binary: string
  /** Major and minor as one number, 7.0 → 700; Valkey counts as the Redis it parted from, 7.2. */
  readonly version: number
  /** Expiring fields of hashes: Redis 7.4, Valkey 9.0. */
  readonly fieldExpiry: boolean
  /** Vector sets, the type of a module that comes with Redis 8.0 since its release. */
  readonly vectors: boolean
}

/** Those of `KEYFERRY_TEST_SERVERS` and of PATH, from the oldest to the newest, Redis before Valkey. */
export function matrixServers(): readonly MatrixServer[] {
  const installed = ['redis-server', 'valkey-server'].flatMap((program) => {
    const binary = (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((folder) => join(folder, program))
      .find((path) => existsSync(path))
    return binary === undefined ? [] : [{ name: program.replace('-server', ''), binary }]
  })
  const found = [
    ...otherServers(),
    ...installed.map(({ name, binary }) => ({ name, binary, version: versionOf(binary) })),
  ].map(({ name, version, binary }) => describeServer(name, version, binary))
  const unique = new Map(found.map((server) => [server.name, server]))
  return [...unique.values()].sort(byAge)
}

function describeServer(name: string, told: string, binary: string): MatrixServer {
  const [major = 0, minor = 0] = told.split('.').map((part) => Number.parseInt(part, 10))
  const own = major * 100 + minor
  const isValkey = name === 'valkey'
  return {
    name: `${name} ${told}`,
    flavour: isValkey ? 'valkey' : 'redis',
    binary,
    version: isValkey ? 702 : own,
    fieldExpiry: isValkey ? own >= 900 : own >= 704,
    vectors: !isValkey && own >= 800 && !told.includes('-'),
  }
}

function byAge(one: MatrixServer, other: MatrixServer): number {
  if (one.flavour !== other.flavour) return one.flavour === 'redis' ? -1 : 1
  return one.name.localeCompare(other.name, 'en', { numeric: true })
}

/** Starts it without persistence. `forbidRestore`: it is one that knows no RESTORE, as some services are. */
export function startMatrixServer(
  { binary, version }: MatrixServer,
  { forbidRestore = false } = {},
): Promise<RedisServer> {
  const args = forbidRestore && version >= 206 ? ['--rename-command', 'RESTORE', ''] : []
  return startRedis({ binary, args })
}
