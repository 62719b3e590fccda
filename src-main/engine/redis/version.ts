/**
 * Whether a version is at least `major.minor.patch`. Valkey counts on from Redis 7.2, so one number tells for both
 * what came before they parted. An unreadable version is taken for an old one.
 */
export function atLeast(version: string, major: number, minor: number, patch = 0): boolean {
  const [ownMajor = 0, ownMinor = 0, ownPatch = 0] = version.split('.').map(Number)
  if (ownMajor !== major) return ownMajor > major
  return ownMinor === minor ? ownPatch >= patch : ownMinor > minor
}
