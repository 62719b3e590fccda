import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import type { CheckId, CheckResult } from '#contract/precheck.ts'
import { defaultProfileOptions, type ProfileOptions } from '#contract/profile.ts'
import type { CheckedTask } from '#migration/prechecks/context.ts'
import { runChecks } from '#migration/prechecks/run.ts'
import type { RedisServer } from './redis-server.ts'

export const at = ({ host, port }: RedisServer, auth: Partial<Connection> = {}): Connection => ({
  host,
  port,
  ...auth,
})

export interface Looked {
  readonly all: readonly CheckResult[]
  readonly of: (id: CheckId) => CheckResult
  /** State and finding of one check, as `passed psync-allowed`. */
  readonly says: (id: CheckId) => string
}

interface Circumstances {
  readonly resuming?: boolean
  readonly before?: readonly CheckResult[]
  readonly task?: Partial<CheckedTask>
}

/** Runs every check between two servers, as a task of its own would. */
export async function look(
  source: Connection | readonly Connection[],
  target: Connection,
  options: Partial<ProfileOptions> = {},
  { resuming = false, before = [], task }: Circumstances = {},
): Promise<Looked> {
  const all = await runChecks(
    {
      sources: [source].flat(),
      target,
      options: { ...defaultProfileOptions, ...options },
      resuming,
      task: {
        id: 'one',
        folder: tmpdir(),
        mode: null,
        others: { source: null, target: null, byRunId: new Map() },
        ...task,
      },
    },
    before,
    () => undefined,
  )
  const of = (id: CheckId): CheckResult => all.find((one) => one.id === id)!
  return { all, of, says: (id) => `${of(id).state} ${of(id).finding}` }
}

/** Waits until INFO has such a line. */
export async function untilInfo(server: RedisServer, line: string): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!String(await server.call('INFO')).includes(line)) {
    if (Date.now() > deadline) throw new Error(`INFO never said ${line}`)
    await sleep(50)
  }
}
