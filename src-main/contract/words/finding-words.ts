import type { FindingCode } from '../finding.ts'

/** What a check found, as templates (`template.ts`). A finding that blocks nothing has no `why` and no `mend`. */
export interface FindingWords {
  readonly found: string
  /** Why it matters: what accepting it means for the data. */
  readonly why: string
  readonly mend: string
}

/** Every finding in one language; a code without words does not compile. */
export type FindingsOf = Readonly<Record<FindingCode, FindingWords>>

/** A finding that blocks nothing. */
export function fine(found: string): FindingWords {
  return { found, why: '', mend: '' }
}
