import { FailureError, isOfTheLink, toFailure } from '#contract/failure.ts'
import type { Control, Reply } from '#engine/redis/control.ts'
import { infoNumber, parseInfo, type Info } from '#engine/redis/info.ts'
import { identityOf } from '#engine/redis/probe.ts'
import { ownSlots } from '#engine/redis/topology.ts'
import type { AclLine } from './acl.ts'

/** Who may sign in at a server, how it signs in at its primary, and which server that is. Texts: one character a byte. */
export interface AuthState {
  readonly runId: string
  readonly version: string
  readonly role: 'master' | 'replica' | 'unknown'
  readonly requirepass: string
  readonly masterauth: string
  /** The user a replica signs in as at its primary; empty for `default`, and before 6.0. */
  readonly masteruser: string
  /** Null before 6.0. */
  readonly acl: readonly AclLine[] | null
  /** Where the server's replication stream stands; null before 2.8. */
  readonly offset: number | null
  /** Of a cluster's node: the slots it takes writes for and those on their way, as one text to compare; else null. */
  readonly slots: string | null
  readonly info: Info
}

/** What a server tells of itself to anybody who may look. */
export type BareState = Pick<AuthState, 'runId' | 'version' | 'role' | 'offset' | 'slots' | 'info'>

/** Reads that, where CONFIG and ACL may not be asked. */
export async function readBareState(control: Control): Promise<BareState> {
  const info = await readInfo(control)
  const { version, role } = identityOf(info)
  return {
    runId: info.get('run_id') ?? '',
    version,
    role,
    offset: infoNumber(info, 'master_repl_offset'),
    slots: info.get('cluster_enabled') === '1' ? await readSlots(control) : null,
    info,
  }
}

/** Reads it; rejects where CONFIG or ACL are refused. */
export async function readAuthState(control: Control): Promise<AuthState> {
  const [bare, requirepass, masterauth, masteruser, acl] = await Promise.all([
    readBareState(control),
    readBytes(control, 'requirepass'),
    readBytes(control, 'masterauth'),
    readBytes(control, 'masteruser'),
    readAcl(control),
  ])
  return { ...bare, requirepass, masterauth, masteruser, acl }
}

/** All of INFO, the commands' counters with it. 2.4 knows INFO without a section only. */
export async function readInfo(control: Control): Promise<Info> {
  const text = await control.call('INFO', 'ALL').catch((thrown: unknown): Promise<Reply> => {
    if (thrown instanceof FailureError && thrown.failure.code === 'server.refused')
      return control.call('INFO')
    throw thrown
  })
  return parseInfo(String(text))
}

/** Null where it is not told. */
async function readSlots(control: Control): Promise<string | null> {
  const nodes = await control.call('CLUSTER', 'NODES').catch((thrown: unknown) => {
    if (isOfTheLink(toFailure(thrown))) throw thrown
    return null
  })
  return nodes === null ? null : JSON.stringify(ownSlots(String(nodes)))
}

/** A setting's value; empty where the server has none of that name. */
async function readBytes(control: Control, name: string): Promise<string> {
  const reply = await control.callBuffer('CONFIG', 'GET', name)
  const value = Array.isArray(reply) ? reply[1] : undefined
  return Buffer.isBuffer(value) ? value.toString('latin1') : ''
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
