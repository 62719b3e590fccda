import type { Control } from '#engine/redis/control.ts'
import { infoNumber, parseInfo, type Info } from '#engine/redis/info.ts'
import { identityOf } from '#engine/redis/probe.ts'
import { FailureError } from '#contract/failure.ts'
import type { AclLine } from './acl.ts'

/** Who may sign in at a server, and which server that is. */
export interface AuthState {
  readonly runId: string
  readonly version: string
  readonly role: 'master' | 'replica' | 'unknown'
  /** One character a byte. */
  readonly requirepass: string
  /** Null before 6.0. */
  readonly acl: readonly AclLine[] | null
  /** Where the server's replication stream stands. */
  readonly offset: number | null
  readonly info: Info
}

/** Reads it; rejects where CONFIG or ACL are refused. */
export async function readAuthState(control: Control): Promise<AuthState> {
  const [infoText, requirepass, acl] = await Promise.all([
    control.call('INFO', 'ALL'),
    control.callBuffer('CONFIG', 'GET', 'requirepass'),
    readAcl(control),
  ])
  const info = parseInfo(String(infoText))
  const { version, role } = identityOf(info)
  const value = Array.isArray(requirepass) ? requirepass[1] : undefined
  return {
    runId: info.get('run_id') ?? '',
    version,
    role,
    requirepass: Buffer.isBuffer(value) ? value.toString('latin1') : '',
    acl,
    offset: infoNumber(info, 'master_repl_offset'),
    info,
  }
}

async function readAcl(control: Control): Promise<readonly AclLine[] | null> {
  try {
    const lines = await control.callBuffer('ACL', 'LIST')
    return Array.isArray(lines) ? lines.map((line) => (line as Buffer).toString('latin1')) : null
  } catch (thrown) {
    if (thrown instanceof FailureError && thrown.failure.code === 'server.unknown-command') return null
    throw thrown
  }
}
