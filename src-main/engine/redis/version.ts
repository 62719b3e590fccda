/**
 * Whether a version is at least `major.minor`. Valkey counts on from Redis 7.2, so one number tells for both
 * what came before they parted. An unreadable version is taken for an old one.
 */
export function atLeast(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
