import { fail } from '#contract/failure.ts'
import { stdinInput } from '#contract/input-name.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import { isSameInput } from '../source/input-identity.ts'
import type { LandedInput } from '../source/land-input.ts'
import type { Destination } from '../target/destination.ts'
import { beginEntry } from './journal-entry.ts'
import { Ledger } from './ledger.ts'
import type { NamedKey } from './refusals.ts'
import { isUnderWay, readJournal, RestoreJournal, type JournalEntry } from './restore-journal.ts'

/**
 * What a restore has to do with an earlier run of the same restore: it goes on where that was interrupted, or puts
 * away what it left.
 */
export class Resumption {
  /** Begins the names of our connections and of what is half written; the same as the earlier run's. */
  readonly run: string
  /** What begins before this offset the earlier run may have written. */
  readonly sentBefore: number
  readonly #folder: string | null
  readonly #entry: JournalEntry
  /** The one we go on with. */
  readonly #earlier: JournalEntry | null
  /** One that is not gone on with: other options, or begun afresh. */
  readonly #abandoned: JournalEntry | null

  private constructor(
    folder: string | null,
    entry: JournalEntry,
    earlier: JournalEntry | null,
    abandoned: JournalEntry | null,
  ) {
    this.#folder = folder
    this.#entry = entry
    this.#earlier = earlier
    this.#abandoned = abandoned
    this.run = entry.run
    this.sentBefore = earlier === null ? 0 : Math.max(earlier.mayHaveSent, earlier.ledger.sentOffset)
  }

  /**
   * Looks whether there is something to go on with. Fails with `restore.under-way`, or with `restore.input-changed`
   * where there is but a file is no longer the one that was begun with.
   */
  static async look(spec: RestoreSpec, inputs: readonly LandedInput[]): Promise<Resumption> {
    const { stateFolder = null } = spec
    const fresh = await beginEntry(spec, inputs, stateFolder !== null)
    const found = stateFolder === null ? null : await readJournal(stateFolder, fresh.id)
    if (found === null) return new Resumption(stateFolder, fresh, null, null)
    const place = { file: fresh.inputs.join(', '), address: fresh.target }
    if (isUnderWay(found)) fail('restore.under-way', place)
    const isSame = found.identities.every((one, index) => isSameInput(one, fresh.identities[index]!))
    // What comes by standard input has no name: something else is simply something else.
    const isAnother = !isSame && spec.files.includes(stdinInput)
    if (spec.resume === 'afresh' || found.options !== fresh.options || isAnother)
      // Under the same names, so that what that one left half written is written over.
      return new Resumption(stateFolder, { ...fresh, run: found.run }, null, found)
    if (!isSame) fail('restore.input-changed', place)
    return new Resumption(stateFolder, { ...fresh, run: found.run, startedAt: found.startedAt }, found, null)
  }

  get isResumed(): boolean {
    return this.#earlier !== null
  }

  /** The account of what has been written so far. */
  openLedger(): Ledger {
    const { ledger } = this.#earlier ?? {}
    return ledger === undefined
      ? new Ledger({ offset: 0, sourceDb: 0 })
      : Ledger.resumed(ledger, this.sentBefore, performance.now())
  }

  /**
   * Takes from the target what the earlier run may still do to it, or has left half written; the ledger goes back
   * where the target, which has `present` keys, may have lost something since. Fails as `Destination.open` does.
   */
  async takeUp(
    destination: Destination,
    ledger: Ledger,
    present: number,
    signal: AbortSignal,
  ): Promise<void> {
    const earlier = this.#earlier ?? this.#abandoned
    if (earlier === null) return
    const aside = new Ledger({ offset: 0, sourceDb: 0 })
    const isSame = await destination.takeUp(
      { name: connectionsOf(earlier.run), servers: earlier.servers },
      this.#earlier === null ? aside : ledger,
      signal,
    )
    // It was emptied, or is another server than its append-only file would let one think.
    if (present < (isSame ? Math.min(1, ledger.counts.written) : ledger.counts.written))
      ledger.goBack(Infinity)
    const { unfinished } = earlier
    if (unfinished !== null)
      await destination.remove({ db: unfinished.db, key: Buffer.from(unfinished.key, 'base64') })
  }

  /** Null where nothing is kept. */
  async openJournal(
    destination: Destination,
    ledger: Ledger,
    unfinished: () => NamedKey | null,
  ): Promise<RestoreJournal | null> {
    if (this.#folder === null) return null
    return await RestoreJournal.open(this.#folder, this.#entry, () => {
      const named = unfinished()
      return {
        servers: destination.servers,
        ledger: ledger.state(),
        unfinished: named === null ? null : { db: named.db, key: Buffer.from(named.key).toString('base64') },
      }
    })
  }
}

/** What the connections of a run are named, before their numbers. */
export function connectionsOf(run: string): string {
  return `keyferry:restore:${run}`
}
