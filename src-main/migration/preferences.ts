import { preferencesSchema, type Preferences } from '#contract/preferences.ts'
import type { Store } from '#store/open.ts'

export interface PreferenceBook {
  read(): Preferences
  write(preferences: Preferences): Preferences
}

const name = 'preferences'

/** What cannot be understood (any more) is as good as never set. */
export function preferenceBook(store: Store): PreferenceBook {
  return {
    read() {
      const kept = preferencesSchema.safeParse(JSON.parse(store.preferences.read(name) ?? '{}'))
      return kept.success ? kept.data : preferencesSchema.parse({})
    },
    write(preferences) {
      store.preferences.write(name, JSON.stringify(preferences))
      return preferences
    },
  }
}
