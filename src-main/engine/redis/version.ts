import type { Info } from './info.ts'

/**
 * Whether a version is at least `major.minor.patch`. Valkey counts on from Redis 7.2, so one number tells for both
 * what came before they parted. An unreadable version is taken for an old one.
 */
export function atLeast(version: string, major: number, minor: number, patch = 0): boolean {
  const [ownMajor = 0, ownMinor = 0, ownPatch = 0] = version.split('.').map(Number)
  if (ownMajor !== major) return ownMajor > major
  return ownMinor === minor ? ownPatch >= patch : ownMinor > minor
}

/**
 * The Redis version that a server is, or stands for, as one number: 7.0 → 700. Valkey tells the one it stands for,
 * and commands go by that. Null where INFO tells none.
 */
export function versionNumberOf(info: Info): number | null {
  const [major, minor] = (info.get('redis_version') ?? '').split('.').map(Number)
  return major === undefined || major === 0 || Number.isNaN(major) ? null : major * 100 + (minor ?? 0)
}
