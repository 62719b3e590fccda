import { z } from 'zod'
import { differenceKinds, type Difference } from './difference.ts'

/** Some of the differences a comparison has found, in the order they were found. */
export const differenceQuerySchema = z.strictObject({
  kind: z.enum(differenceKinds).optional(),
  /** A part of the name, upper or lower case. */
  text: z.string().max(200).default(''),
  from: z.int().min(0).default(0),
  limit: z.int().min(1).max(500).default(100),
})
export type DifferenceQuery = z.infer<typeof differenceQuerySchema>

export interface ListedDifference extends Difference {
  /** Its place among all that are kept, from 0: by this it is looked at. */
  readonly at: number
}

export interface DifferencePage {
  /** As many are what was asked for. */
  readonly total: number
  readonly rows: readonly ListedDifference[]
}

export const differencesFormSchema = z.enum(['csv', 'json'])
export type DifferencesForm = z.infer<typeof differencesFormSchema>
