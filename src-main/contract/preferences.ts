import { z } from 'zod'
import { limitsSchema } from './limits.ts'

/** What a person has set for this Keyferry, for all its consoles. Every field has the value it begins with. */
export const preferencesSchema = z.strictObject({
  /** What a new restore is limited to, until somebody says otherwise. */
  limits: limitsSchema.default({}),
  /** Where it is asked whether there is a newer Keyferry; null: nobody is asked. */
  updateFeed: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .nullable()
    .default(null),
})
export type Preferences = z.infer<typeof preferencesSchema>

/** How this host keeps things. No secret in it. */
export interface Housekeeping {
  /** Profiles, tasks, logs, and how far restores have come. */
  readonly dataFolder: string
}

/** What the update feed says. */
export interface UpdateNews {
  readonly version: string
  readonly isNewer: boolean
  /** Where it can be had; null where the feed does not tell. */
  readonly page: string | null
}
