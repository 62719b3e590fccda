import type { Database } from './sqlite.ts'

/** What of the store is listed in consoles, each by its name. */
export type ListedName = 'profiles' | 'connections' | 'guidedBackups' | 'preferences'

export interface RevisionTable {
  /** How often each has been changed, by whatever process. */
  all(): Readonly<Record<ListedName, number>>
}

/** Nobody writes here: triggers count. */
export function revisionTable(database: Database): RevisionTable {
  const all = database.prepare('SELECT name, revision FROM revisions')
  return {
    all() {
      const rows = all.all() as { readonly name: ListedName; readonly revision: number }[]
      return Object.fromEntries(rows.map(({ name, revision }) => [name, revision])) as Record<
        ListedName,
        number
      >
    },
  }
}
