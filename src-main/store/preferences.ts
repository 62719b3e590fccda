import type { Database } from './sqlite.ts'

/** What a person prefers: a value by its name, as the caller writes it. */
export interface PreferenceTable {
  read(name: string): string | undefined
  write(name: string, value: string): void
}

export function preferenceTable(database: Database): PreferenceTable {
  const read = database.prepare('SELECT value FROM preferences WHERE name = ?')
  const write = database.prepare('INSERT OR REPLACE INTO preferences (name, value) VALUES (?, ?)')
  return {
    read: (name) => (read.get(name) as { value: string } | undefined)?.value,
    write: (name, value) => void write.run(name, value),
  }
}
