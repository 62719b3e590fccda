import { placeOf, type Connection } from '#contract/connection.ts'
import type { FreezeView } from '#contract/freeze.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import type { JournalRow, JournalTable } from '#store/journal.ts'
import type { SecretBox } from '../secrets.ts'
import type { AclLine } from './acl.ts'

/** One server of the source: how it was before, and how the freeze left it. Texts are one character a byte. */
export interface NodeRecord {
  readonly host: string
  readonly port: number
  readonly role: 'master' | 'replica'
  readonly version: string
  readonly runId: string
  readonly requirepass: string
  readonly masterauth: string
  /** The user it signs in as at its primary; empty for `default`. */
  readonly masteruser: string
  /** Null before 6.0. */
  readonly acl: readonly AclLine[] | null
  /** As read back after the freeze; null until then. */
  readonly aclFrozen: readonly AclLine[] | null
  /** It belonged to the source when it was frozen, and was not found when it was frozen anew. */
  readonly gone?: boolean
  /** A person has said that it will not come back: it is not waited for. */
  readonly forgotten?: boolean
  /** Of a cluster's node: its slots (`AuthState`), as the freeze found them. */
  readonly slots?: string | null
  /** Of a primary: its replication offset after its last write; null until then, and before 2.8. */
  readonly offset: number | null
}

/** A Sentinel that watches the source, and the name it knows it by. */
export interface SentinelRecord {
  readonly host: string
  readonly port: number
  readonly master: string
}

/**
 * All that is needed to undo a freeze, from any process, after any crash. On disk, sealed, before the first
 * change.
 */
export interface FreezeRecord {
  /** A person has shut the writers out, we have only seen to it: there is nothing of ours to undo. */
  readonly byHand?: true
  /** How the source was reached before: with the password applications use. */
  readonly connection: Connection
  /** The password writes are frozen with. One character a byte. */
  readonly secret: string
  /** Our own user, which signs in with it where there are users (6.0 and later). */
  readonly ownUser: string
  /** Primaries first. */
  readonly nodes: readonly NodeRecord[]
  /** Those that have to be told the password; none where nobody watches, or with a user of their own. */
  readonly sentinels: readonly SentinelRecord[]
  /** What they signed in with before. One character a byte. */
  readonly sentinelPass: string
  /** ACL users by which replicas and Sentinels sign in: they stay, without the right to write. */
  readonly staying: readonly string[]
  /** Another server has become the primary since: Sentinels have everyone write down its settings at that moment. */
  readonly failedOver?: boolean
  readonly frozenAt: number | null
  readonly signedOut: number
  readonly pauseStartedAt: number | null
}

/** Each primary, with the offset of its last write. */
export function shardsOf({ nodes }: Pick<FreezeRecord, 'nodes'>): FreezeView['shards'] {
  return nodes
    .filter(({ role, gone }) => role === 'master' && gone !== true)
    .map((node) => ({ address: hostAndPort(node), offset: node.offset }))
}

/** An open record and its place in the journal. */
export interface KeptFreeze {
  readonly journalId: number
  readonly taskId: string
  readonly record: FreezeRecord
}

/** Of the freezes of a task the one of this source. */
export function freezeOf(kept: readonly KeptFreeze[], source: Connection): KeptFreeze | undefined {
  return kept.find(({ record }) => placeOf(record.connection) === placeOf(source))
}

/** What of an open record is no secret: it is known while the key of all secrets is locked. */
export interface FreezeNote extends Pick<FreezeRecord, 'frozenAt' | 'signedOut'> {
  readonly byHand: boolean
}

/** The part of the journal that is about freezes: a task has one for each of its sources. Every write is on disk when the call returns. */
export interface FreezeJournal {
  open(taskId?: string): readonly KeptFreeze[]
  notes(taskId: string): readonly FreezeNote[]
  write(taskId: string, record: FreezeRecord): KeptFreeze
  amend(kept: KeptFreeze, changed: Partial<FreezeRecord>): KeptFreeze
  close(kept: KeptFreeze, outcome: 'undone' | 'undone-except'): void
}

export function freezeJournal(journal: JournalTable, box: SecretBox): FreezeJournal {
  const entryOf = (record: FreezeRecord): Pick<JournalRow, 'note' | 'secret'> => ({
    note: JSON.stringify({
      nodes: record.nodes.map(({ host, port, offset }) => ({ host, port, offset })),
      frozenAt: record.frozenAt,
      signedOut: record.signedOut,
      byHand: record.byHand === true,
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
    notes: (taskId) =>
      journal.open('freeze', taskId).map(({ note }) => {
        const { frozenAt, signedOut, byHand } = JSON.parse(note) as FreezeNote
        return { frozenAt, signedOut, byHand }
      }),
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
