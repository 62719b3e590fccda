import { addressOf, type Reach } from '#contract/connection.ts'
import { guidedSteps } from '#contract/guided-backup.ts'
import type { Store } from '#store/open.ts'
import { isAlive } from '../ownership.ts'
import { freezeNameOf, type GuidedRecord } from './guided-book.ts'

/** A move by backup that is begun and not over, and its servers. */
export interface GuidedHold {
  readonly id: string
  /** It has no name: the addresses it leads from and to. */
  readonly name: string
  readonly servers: readonly Reach[]
}

/**
 * Moves by backup that have hold of their servers: a step of theirs is under way, whoever does it, or the source is frozen by
 * them, or was. One that has only looked holds nothing.
 */
export function guidedHolds({
  guidedBackups,
  journal,
}: Pick<Store, 'guidedBackups' | 'journal'>): readonly GuidedHold[] {
  return guidedBackups.all().flatMap((row) => {
    const { isDone, step, source, target } = JSON.parse(row.body) as GuidedRecord
    const isBegun =
      guidedSteps.indexOf(step) > guidedSteps.indexOf('freeze') ||
      journal.open('freeze', freezeNameOf(row.id)).length > 0
    if (isDone || !(isBegun || isAlive(row))) return []
    return [{ id: row.id, name: `${addressOf(source)} → ${addressOf(target)}`, servers: [source, target] }]
  })
}
