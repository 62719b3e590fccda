import type { RestoreSpec } from '#contract/restore.ts'
import type { LandedInput } from '../source/land-input.ts'
import { beginEntry } from './journal-entry.ts'
import type { Counts } from './ledger.ts'
import { readJournal, RestoreJournal } from './restore-journal.ts'

/** How far a restore of append-only files has come, to be told. */
interface Reached {
  readonly offset: number
  readonly counts: Readonly<Counts>
}

/**
 * Notes that this restore was begun, so that it is told of where it is cut short; what it goes on from stands in its
 * target. `bytes`: of all inputs together. Null where nothing is kept. Fails with `store.*`.
 */
export async function noteAof(
  spec: RestoreSpec,
  inputs: readonly LandedInput[],
  bytes: number,
  reached: () => Reached,
): Promise<RestoreJournal | null> {
  const { stateFolder } = spec
  if (stateFolder === undefined) return null
  const fresh = await beginEntry(spec, inputs, true)
  const earlier = await readJournal(stateFolder, fresh.id)
  const writtenBefore = earlier?.ledger.counts.written ?? 0
  const entry = { ...fresh, bytes, startedAt: earlier?.startedAt ?? fresh.startedAt }
  const journal = await RestoreJournal.open(stateFolder, entry, () => {
    const { offset, counts } = reached()
    const written = Math.max(writtenBefore, counts.written)
    return {
      servers: {},
      ledger: {
        position: { offset: Math.max(offset, earlier?.ledger.position.offset ?? 0), sourceDb: 0 },
        counts: { ...counts, written },
        sentOffset: 0,
        marks: [],
      },
      unfinished: null,
    }
  })
  await journal.reach(bytes, 'at once')
  return journal
}
