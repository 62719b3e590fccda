import type { Connection } from '#contract/connection.ts'
import { placeOf } from '#contract/connection.ts'
import type { Passwords, ProfileView } from '#contract/profile.ts'
import { secretsOf } from '#contract/secrets.ts'
import type { TaskStanding, TaskView } from '#contract/task.ts'
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

/** The newest task between two servers that was begun and is not over. */
export function findBegunTask(
  { tasks }: Pick<Migrations, 'tasks'>,
  source: Connection,
  target: Connection,
): TaskView | undefined {
  return tasks
    .board()
    .open.filter(({ state }) => isUnderWay(state))
    .map(({ id }) => tasks.get(id))
    .find((task) => placeOf(task.source) === placeOf(source) && placeOf(task.target) === placeOf(target))
}

/** The newest task of a profile that is not over: one that was begun, or one of its plan as it stands now. */
export function openTaskOf(
  { tasks }: Pick<Migrations, 'tasks'>,
  { id, updatedAt }: Pick<ProfileView, 'id' | 'updatedAt'>,
): TaskStanding | undefined {
  return tasks
    .board()
    .open.find(
      ({ profileId, startedAt, createdAt }) =>
        profileId === id && (startedAt !== null || createdAt >= updatedAt),
    )
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

/** The secrets of two connections, as tasks take them. */
export function passwordsOf(source: Connection, target: Connection): Passwords {
  const { password: ofSource, ...sourceWay } = secretsOf(source)
  const { password: ofTarget, ...targetWay } = secretsOf(target)
  return {
    ...(ofSource !== undefined && { source: ofSource }),
    ...(ofTarget !== undefined && { target: ofTarget }),
    sourceWay,
    targetWay,
  }
}
