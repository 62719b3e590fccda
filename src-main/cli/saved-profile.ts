import { addressOf } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { EndpointView, Passwords, ProfileView } from '#contract/profile.ts'
import type { Migrations } from '#migration/open.ts'
import { openTaskOf } from './migrations.ts'
import { askHidden } from './terminal/hidden-prompt.ts'

/**
 * The task of a saved profile that is not over, or a new one, and the passwords the profile does not keep. `named` is
 * its name or its id; fails with `profile.not-found`.
 */
export async function taskOfProfile(
  migrations: Pick<Migrations, 'profiles' | 'tasks'>,
  named: string,
): Promise<{ readonly id: string; readonly passwords: Passwords }> {
  const { profiles, tasks } = migrations
  const profile =
    profiles.list().find(({ id, name }) => id === named || name === named) ??
    fail('profile.not-found', { name: named, known: knownNames(profiles.list()) })
  const passwords = await passwordsFor(profile)
  const open = openTaskOf(migrations, profile)
  return { id: (open ?? tasks.create(profile.id)).id, passwords }
}

function knownNames(profiles: readonly ProfileView[]): string {
  return profiles.map(({ name }) => `"${name}"`).join(', ')
}

async function passwordsFor({ source, target }: ProfileView): Promise<Passwords> {
  const [ofSource, ofTarget] = [
    await secretsFor(source, 'KEYFERRY_SOURCE_PASSWORD'),
    await secretsFor(target, 'KEYFERRY_TARGET_PASSWORD'),
  ]
  return {
    ...(ofSource.password !== undefined && { source: ofSource.password }),
    ...(ofTarget.password !== undefined && { target: ofTarget.password }),
    sourceWay: ofSource.way,
    targetWay: ofTarget.way,
  }
}

/** What one side of the profile does not keep: from the environment, else typed. */
async function secretsFor(
  endpoint: EndpointView | null,
  variable: string,
): Promise<{ password?: string; way: Record<string, string> }> {
  const way: Record<string, string> = {}
  if (endpoint === null) return { way }
  const ask = async (): Promise<string> =>
    process.env[variable] || (await askHidden(`Password of ${addressOf(endpoint)}: `))
  const password = endpoint.passwordKept === 'ask' ? await ask() : undefined
  for (const [place, kept] of Object.entries(endpoint.secretsKept))
    if (kept === 'ask') way[place] = await askHidden(`Password or passphrase of ${place}: `)
  return { way, ...(password !== undefined && { password }) }
}
