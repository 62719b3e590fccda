/** Globs, one a line; empty lines are nothing. */
export function parsePatterns(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** `3:0, 4:1` → `{ '3': 0, '4': 1 }`; null where it is not that, names a database twice, or is empty. */
export function parseDbMap(text: string): Record<string, number> | null {
  const map: Record<string, number> = {}
  const pairs = text.split(/[\s,]+/).filter((pair) => pair !== '')
  for (const pair of pairs) {
    const [, from, to] = /^(\d{1,5}):(\d{1,5})$/.exec(pair) ?? []
    if (from === undefined || to === undefined || Number(to) > 65535 || from in map) return null
    map[from] = Number(to)
  }
  return pairs.length === 0 ? null : map
}
