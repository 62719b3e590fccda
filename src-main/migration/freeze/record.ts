import type { Connection } from '#contract/connection.ts'
import type { JournalRow, JournalTable } from '#store/journal.ts'
import type { SecretBox } from '../secrets.ts'
import type { AclLine } from './acl.ts'

/**
 * All that is needed to undo a freeze, from any process, after any crash. On disk, sealed, before the first
 * change. Texts are one character a byte.
 */
export interface FreezeRecord {
  /** How the source was reached before: with the password applications use. */
  readonly connection: Connection
  readonly version: string
  readonly runId: string
  readonly requirepass: string
  readonly acl: readonly AclLine[] | null
  /** The password writes are frozen with. */
  readonly secret: string
  /** Our own user, which signs in with it; null before 6.0. */
  readonly ownUser: string | null
  /** As read back after the freeze; null until then. */
  readonly aclFrozen: readonly AclLine[] | null
  readonly offset: number | null
  readonly frozenAt: number | null
  readonly signedOut: number
  readonly pauseStartedAt: number | null
}

/** An open record and its place in the journal. */
export interface KeptFreeze {
  readonly journalId: number
  readonly taskId: string
  readonly record: FreezeRecord
}

/** The part of the journal that is about freezes. Every write is on disk when the call returns. */
export interface FreezeJournal {
  open(taskId?: string): readonly KeptFreeze[]
  write(taskId: string, record: FreezeRecord): KeptFreeze
  amend(kept: KeptFreeze, changed: Partial<FreezeRecord>): KeptFreeze
  close(kept: KeptFreeze, outcome: 'undone' | 'undone-except'): void
}

export function freezeJournal(journal: JournalTable, box: SecretBox): FreezeJournal {
  const entryOf = (record: FreezeRecord): Pick<JournalRow, 'note' | 'secret'> => ({
    note: JSON.stringify({
      host: record.connection.host,
      port: record.connection.port,
      frozenAt: record.frozenAt,
      offset: record.offset,
    }),
    secret: box.seal(JSON.stringify(record)),
  })
  const keptOf = (row: JournalRow): readonly KeptFreeze[] =>
    row.secret === null
      ? []
      : [
          {
            journalId: row.id,
            taskId: row.taskId,
            record: JSON.parse(box.open(row.secret)) as FreezeRecord,
          },
        ]
  return {
    open: (taskId) => journal.open('freeze', taskId).flatMap(keptOf),
    write: (taskId, record) => ({
      journalId: journal.write({ taskId, kind: 'freeze', ...entryOf(record) }),
      taskId,
      record,
    }),
    amend(kept, changed) {
      const record = { ...kept.record, ...changed }
      journal.amend(kept.journalId, entryOf(record))
      return { ...kept, record }
    },
    close: (kept, outcome) => journal.close(kept.journalId, outcome),
  }
}
