import { scanPaceSchema } from '#contract/limits.ts'

/** A pace as it is typed: null for an empty field, which limits nothing; undefined for what is none. */
export function scanPaceIn(text: string): number | null | undefined {
  const typed = text.trim()
  if (typed === '') return null
  return /^\d+$/.test(typed) ? scanPaceSchema.safeParse(Number(typed)).data : undefined
}
