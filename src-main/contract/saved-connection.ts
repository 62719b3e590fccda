import { z } from 'zod'
import type { ServerFacts } from './connection.ts'
import { endpointInputSchema, type EndpointView } from './profile.ts'

/** A connection as a person saves it, to be chosen in profiles and restores. Its secrets go in and never come out. */
export const savedConnectionInputSchema = z.strictObject({
  /** Left out for a new one. */
  id: z.string().min(1).max(64).optional(),
  /** The `updatedAt` it was read with: refused where somebody has saved it since. Left out, it is saved all the same. */
  basedOn: z.int().optional(),
  name: z.string().trim().min(1).max(120),
  reach: endpointInputSchema,
})
export type SavedConnectionInput = z.input<typeof savedConnectionInputSchema>

/** How to reach one server, kept under a name, without its secrets. */
export interface SavedConnection {
  readonly id: string
  readonly name: string
  readonly reach: EndpointView
  /** What the last *Test connection* that went well told, and when, milliseconds since the epoch. */
  readonly lastTest: { readonly at: number; readonly facts: ServerFacts } | null
  /** Profiles with a side that is this very server, reached in the same way by the same user. */
  readonly usedBy: readonly { readonly id: string; readonly name: string }[]
  readonly createdAt: number
  readonly updatedAt: number
}
