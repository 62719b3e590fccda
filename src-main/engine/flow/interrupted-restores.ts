import { fail } from '#contract/failure.ts'
import { askedRestoreSchema, type AskedRestore, type InterruptedRestore } from '#contract/restore.ts'
import { identifyInput, isSameInput } from '../source/input-identity.ts'
import { isUnderWay, readJournals, removeJournal, type JournalEntry } from './restore-journal.ts'

/** Every restore that was interrupted and can be gone on with, the latest first. */
export async function listInterrupted(folder: string): Promise<readonly InterruptedRestore[]> {
  const entries = await readJournals(folder)
  const left = entries.filter((entry) => !isUnderWay(entry))
  return await Promise.all(left.sort((one, other) => other.updatedAt - one.updatedAt).map(tell))
}

/** Forgets one: asked for again it begins anew. Fails with `restore.not-found`, also while somebody is at it. */
export async function forgetInterrupted(folder: string, id: string): Promise<void> {
  const entry = (await readJournals(folder)).find((one) => one.id === id)
  if (entry === undefined || isUnderWay(entry)) fail('restore.not-found', { id })
  await removeJournal(folder, entry.id)
}

async function tell(entry: JournalEntry): Promise<InterruptedRestore> {
  const { id, inputs, target, onConflict, ledger, bytes, startedAt, updatedAt } = entry
  const asked = askedOf(entry)
  return {
    id,
    asked,
    changed: asked === null ? [] : await changedOf(entry, asked),
    inputs,
    target,
    onConflict,
    bytesDone: ledger.position.offset,
    bytesTotal: bytes,
    keysWritten: ledger.counts.written,
    startedAt,
    endedAt: updatedAt,
  }
}

function askedOf({ asked }: JournalEntry): AskedRestore | null {
  return askedRestoreSchema.safeParse(asked).data ?? null
}

/** What was fetched or unpacked is known again only once it has been so anew: of that nothing is told. */
async function changedOf(entry: JournalEntry, { spec }: AskedRestore): Promise<readonly string[]> {
  const isChanged = await Promise.all(
    entry.identities.map(async (before, index) => {
      if (before.modifiedMs === null) return false
      const now = await identifyInput(spec.files[index]!, false).catch(() => null)
      return now === null || !isSameInput(before, now)
    }),
  )
  return entry.inputs.filter((_, index) => isChanged[index])
}
