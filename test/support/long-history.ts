import { join } from 'node:path'
import { defaultProfileOptions } from '#contract/profile.ts'
import type { TaskState } from '#contract/task-states.ts'
import { keptStandingOf, newRecord, type TaskRecord } from '#migration/task-record.ts'
import { openStore, type Store } from '#store/open.ts'
import { openDatabase } from '#store/sqlite.ts'

interface History {
  readonly profiles: number
  /** Tasks that are over. */
  readonly finished: number
  /** Of those tasks in all. */
  readonly events: number
}

const dayMs = 86_400_000

/** What years of work leave in a data folder. */
export function writeHistory(home: string, { profiles, finished, events }: History): void {
  const file = join(home, 'keyferry.db')
  {
    using store = openStore(file)
    for (let at = 0; at < profiles; at += 1) addProfile(store, at)
    for (let at = 0; at < finished; at += 1) {
      const endedAt = Date.now() - (at + 1) * (dayMs / 4)
      addTask(store, at % profiles, `t${at}`, at % 7 === 3 ? 'stopped' : 'finished', {
        startedAt: endedAt - dayMs / 24,
        endedAt,
      })
    }
  }
  const database = openDatabase(file)
  const insert = database.prepare(
    `INSERT INTO events (task_id, at, level, code, params) VALUES (?, ?, 'info', 'repair.done', '{"count":3}')`,
  )
  database.exec('BEGIN')
  for (let at = 0; at < events; at += 1) insert.run(`t${at % finished}`, at)
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
