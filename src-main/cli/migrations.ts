import type { Connection } from '#contract/connection.ts'
import { placeOf } from '#contract/connection.ts'
import type { EndpointInput, Passwords, ProfileView } from '#contract/profile.ts'
import { secretPlace, secretsOf } from '#contract/secrets.ts'
import type { TaskStanding, TaskView } from '#contract/task.ts'
import type { OtherServer } from '#contract/tunnel.ts'
import { isUnderWay } from '#contract/task-states.ts'
import type { Migrations } from '#migration/open.ts'

/** Opens profiles and tasks: the same ones the console shows, unless `folder` names a place of their own. */
export async function openOwnMigrations(folder?: string): Promise<Migrations> {
  const [{ openMigrations }, { createJobRunner }, { findParts }, { dataFolder }] = await Promise.all([
    import('#migration/open.ts'),
    import('#engine/worker/pool.ts'),
    import('#console/parts.ts'),
    import('#console/data-folder.ts'),
  ])
  return openMigrations({ folder: folder ?? dataFolder(), jobs: createJobRunner(findParts().worker) })
}

/** The newest task between these servers that was begun and is not over. */
export function findBegunTask(
  { tasks }: Pick<Migrations, 'tasks'>,
  sources: readonly Connection[],
  target: Connection,
): TaskView | undefined {
  const from = placeOfAll(sources)
  return tasks
    .board()
    .open.filter(({ state }) => isUnderWay(state))
    .map(({ id }) => tasks.get(id))
    .find((task) => placeOf(task.source) === from && placeOf(task.target) === placeOf(target))
}

/**
 * The newest task of a profile that is not over: one that was begun, or one of its plan as it stands now. Never its way
 * back, whose cutover is a roll back.
 */
export function openTaskOf(
  { tasks }: Pick<Migrations, 'tasks'>,
  { id, updatedAt }: Pick<ProfileView, 'id' | 'updatedAt'>,
): TaskStanding | undefined {
  return tasks
    .board()
    .open.find(
      ({ profileId, startedAt, createdAt, wayBackOf }) =>
        profileId === id && wayBackOf === null && (startedAt !== null || createdAt >= updatedAt),
    )
}

/** Several servers as one side, as a profile has it; each signs in by what was typed for it. */
export function endpointOf([first, ...others]: readonly Connection[]): EndpointInput {
  const { password: _first, ...reach } = first!
  const side = {
    ...reach,
    ...(others.length > 0 && { others: others.map((other) => besideOf(first!, other)) }),
  }
  const secrets = secretsOf({ ...side, password: first!.password })
  if (Object.keys(secrets).length === 0) return { ...side, password: null }
  return { ...side, ask: true, ...(first!.password === undefined && { password: null }) }
}

function besideOf(first: Connection, { host, port, username, password }: Connection): OtherServer {
  if (username === first.username && password === first.password) return { host, port }
  const account = { ...(username !== undefined && { username }), ...(password !== undefined && { password }) }
  return { host, port, account }
}

/** Where all servers of a side are, as text. */
export function placeOfAll(servers: readonly Connection[]): string {
  const [first, ...others] = servers
  return placeOf({ ...first!, others })
}

/**
 * How to reach a source: as it was typed, or, where writes are frozen, with the password we froze them with. It is
 * the one whoever froze it need not know, and the typed one is refused until it is unfrozen.
 */
export function reachFrozen({ freezes }: Pick<Migrations, 'freezes'>, source: Connection): Connection {
  const kept = freezes.open().find(({ record }) => placeOf(record.connection) === placeOf(source))
  if (kept === undefined) return source
  const { byHand, secret } = kept.record
  const password = secret === '' ? {} : { password: Buffer.from(secret, 'latin1').toString('utf8') }
  if (byHand) return { ...source, ...password }
  const { username: _switchedOff, ...reach } = source
  return { ...reach, ...password }
}

/** The secrets of both sides, as tasks take them. */
export function passwordsOf(sources: readonly Connection[], target: Connection): Passwords {
  const [first, ...others] = sources
  const { password: ofSource, ...way } = secretsOf(first!)
  const ofOthers = others.flatMap((other) =>
    other.password === undefined ? [] : [[secretPlace.other(other), other.password] as const],
  )
  const sourceWay = { ...way, ...Object.fromEntries(ofOthers) }
  const { password: ofTarget, ...targetWay } = secretsOf(target)
  return {
    ...(ofSource !== undefined && { source: ofSource }),
    ...(ofTarget !== undefined && { target: ofTarget }),
    sourceWay,
    targetWay,
  }
}
