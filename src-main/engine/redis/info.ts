/** Fields of an INFO reply, sections flattened: `name:value` a line, `#` lines are headings. */
export type Info = ReadonlyMap<string, string>

/** Reads an INFO reply, whichever server wrote it. */
export function parseInfo(text: string): Info {
  const fields = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}

/** A field as a number; null where it is missing or no number. */
export function infoNumber(info: Info, name: string): number | null {
  const text = info.get(name)
  const value = text === undefined || text === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : null
}

/** What a database holds. */
export interface Keyspace {
  readonly keys: number
  readonly expires: number
  /** Hashes with fields that expire, since Redis 7.4 and Valkey 9.0. */
  readonly expiringHashes: number
}

/**
 * Of each database that has any keys: `db0:keys=12,expires=3,avg_ttl=0,subexpiry=1`; Valkey's last field is
 * `keys_with_volatile_items`.
 */
export function keyspaceOf(info: Info): Record<string, Keyspace> {
  const databases: Record<string, Keyspace> = {}
  for (const [name, value] of info) {
    const db = /^db(\d+)$/.exec(name)?.[1]
    if (db === undefined) continue
    const counts = new Map(value.split(',').map((pair) => pair.split('=') as [string, string]))
    databases[db] = {
      keys: Number(counts.get('keys') ?? 0),
      expires: Number(counts.get('expires') ?? 0),
      expiringHashes: Number(counts.get('subexpiry') ?? counts.get('keys_with_volatile_items') ?? 0),
    }
  }
  return databases
}
