import { join } from 'node:path'
import { detail, type Difference } from '#contract/difference.ts'
import { defaultProfileOptions } from '#contract/profile.ts'
import type { TaskState } from '#contract/task-states.ts'
import { keptStandingOf, newRecord, type TaskRecord } from '#migration/task-record.ts'
import { openStore, type Store } from '#store/open.ts'
import { openDatabase } from '#store/sqlite.ts'

interface History {
  readonly profiles: number
  /** Tasks that are over. */
  readonly finished: number
  /** Of those tasks in all; half of them are of the newest task, `t0`. */
  readonly events: number
  /** That the newest task's proof found; none where it is left out. */
  readonly differences?: number
}

const dayMs = 86_400_000

/** What years of work leave in a data folder. */
export function writeHistory(home: string, { profiles, finished, events, differences = 0 }: History): void {
  const file = join(home, 'keyferry.db')
  {
    using store = openStore(file)
    for (let at = 0; at < profiles; at += 1) addProfile(store, at)
    for (let at = 0; at < finished; at += 1) {
      const endedAt = Date.now() - (at + 1) * (dayMs / 4)
      addTask(store, at % profiles, `t${at}`, at % 7 === 3 ? 'stopped' : 'finished', {
        startedAt: endedAt - dayMs / 24,
        endedAt,
        ...(at === 0 && differences > 0 && { proof: proofWith(differences) }),
      })
    }
    if (differences > 0) store.differences.keep('t0', differing(differences))
  }
  const database = openDatabase(file)
  const insert = database.prepare(
    `INSERT INTO events (task_id, at, level, code, params) VALUES (?, ?, 'info', 'repair.done', '{"count":3}')`,
  )
  database.exec('BEGIN')
  for (let at = 0; at < events; at += 1) insert.run(at % 2 === 0 ? 't0' : `t${(at >> 1) % finished}`, at)
  database.exec('COMMIT')
  database.close()
}

/** A profile between servers that nobody ever reaches. */
export function addProfile(store: Store, at: number): void {
  store.profiles.put({
    id: `p${at}`,
    name: `Shop ${at}`,
    body: JSON.stringify(planOf(at)),
    sourceSecret: null,
    targetSecret: null,
    createdAt: at,
    updatedAt: at,
  })
}

/** A task of such a profile, standing as is said. */
export function addTask(
  store: Store,
  profile: number,
  id: string,
  state: TaskState,
  standing: Partial<TaskRecord> = {},
): void {
  const record: TaskRecord = { ...newRecord, checks: passedChecks, ...standing }
  store.tasks.insert({
    id,
    profileId: `p${profile}`,
    name: `Shop ${profile}`,
    from: `old-${profile}.example:6379`,
    to: `new-${profile}.example:6379`,
    body: JSON.stringify(planOf(profile)),
    sourceSecret: null,
    targetSecret: null,
    state,
    stateSince: record.endedAt ?? Date.now(),
    record: JSON.stringify(record),
    standing: JSON.stringify(keptStandingOf(record)),
    ownerPid: null,
    ownerSeenAt: null,
    createdAt: record.startedAt ?? Date.now(),
  })
}

function planOf(at: number): object {
  return {
    source: sideOf(`old-${at}.example`),
    target: sideOf(`new-${at}.example`),
    options: defaultProfileOptions,
  }
}

function sideOf(host: string): object {
  const reach = { host, port: 6379, username: null, tls: null, via: null, sentinel: null }
  return { ...reach, passwordKept: 'none', secretsKept: {} }
}

/** A comparison of a million keys that found as many of them to differ. */
function proofWith(count: number): TaskRecord['proof'] {
  const [sourceKeys, targetKeys] = [1_000_000, 1_000_000 - count / 2]
  return {
    mode: 'full',
    running: false,
    startedAt: 1,
    endedAt: 60_000,
    progress: null,
    result: {
      mode: 'full',
      equal: false,
      counts: [{ db: 0, source: sourceKeys, target: targetKeys }],
      sourceKeys,
      targetKeys,
      compared: sourceKeys,
      differing: count,
      byKind: { missing: count / 2, value: count / 2 },
      differences: differing(100),
      functions: 'equal',
      explained: { expired: 0, filtered: 0, lost: 0 },
      repaired: null,
      slotsCovered: null,
      rounds: 2,
      elapsedMs: 60_000,
    },
    failure: null,
    underFreeze: true,
    void: false,
  }
}

function differing(count: number): readonly Difference[] {
  return Array.from({ length: count }, (_, at) => {
    const key = `shop:cart:${at}`
    return at % 2 === 0
      ? { db: 0, key, kind: 'missing', detail: null }
      : { db: 0, key, kind: 'value', detail: detail('content-from', { at: 12 }) }
  })
}

/** About as long as those of a task that went through all of them. */
const passedChecks: TaskRecord['checks'] = {
  ranAt: 1,
  running: false,
  results: Array.from({ length: 30 }, () => ({
    id: 'source-reachable' as const,
    state: 'passed' as const,
    side: 'source' as const,
    finding: 'version-fine' as const,
    params: { version: '7.0.15' },
    failure: null,
    command: null,
    mend: null,
    acceptedAt: null,
  })),
}
