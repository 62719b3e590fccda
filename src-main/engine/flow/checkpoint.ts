import { keySlot } from '../bytes/crc16.ts'
import { slotTag } from '../plan/slot-tags.ts'

/** The keys of a task in its target, all in database 0, for one of its shards. Nobody else's key begins so. */
export interface TaskKeys {
  readonly prefix: string
  readonly meta: string
  /** One for all shards. */
  readonly lease: string
  /** Keys to be copied afresh. */
  readonly repair: string
  /** Keys that the newest of several copies of the shard did not have. */
  readonly stale: string
  /** Scripts that the source has told of, by their SHA1. */
  readonly scripts: string
  /** Keys of a cluster's source that were written in slots which another master may have by now. */
  readonly moved: string
  lane(index: number): string
}

/** What is noted of a shard beside its place, and in a cluster in the slot of each key that it is about. */
export type NoteName = 'repair' | 'moved' | 'stale' | 'scripts'

export const noteNames: readonly NoteName[] = ['repair', 'moved', 'stale', 'scripts']

/** The same in a cluster, where each slot is a lane: what is written in one transaction has one slot. */
export interface ClusterTaskKeys extends TaskKeys {
  /** The slot of `meta` and `lease`. */
  readonly slot: number
  note(name: NoteName, lane: number): string
  /** A name that is used within one transaction only. */
  temporary(lane: number, index: number): string
}

/** Every key of ours, of whichever task. */
export const ownKeyPrefix = 'keyferry:'

/** Those of the first shard, or of a task that has but one, bear no number: `keyferry:<task>:[<shard>:]…`. */
export function keysOf(task: string, shard = 0): TaskKeys {
  const whole = `${ownKeyPrefix}${task}:`
  const prefix = shard === 0 ? whole : `${whole}${shard}:`
  return {
    prefix,
    meta: `${prefix}meta`,
    lease: `${whole}lease`,
    repair: `${prefix}repair`,
    scripts: `${prefix}scripts`,
    moved: `${prefix}moved`,
    stale: `${prefix}stale`,
    lane: (index) => `${prefix}lane:${index}`,
  }
}

export function clusterKeysOf(task: string, shard = 0): ClusterTaskKeys {
  const { prefix } = keysOf(task, shard)
  const slot = keySlot(Buffer.from(task))
  const tag = slotTag(slot)
  return {
    prefix,
    slot,
    meta: `${prefix}meta:${tag}`,
    lease: `${keysOf(task).prefix}lease:${tag}`,
    repair: `${prefix}repair:${tag}`,
    scripts: `${prefix}scripts:${tag}`,
    moved: `${prefix}moved:${tag}`,
    stale: `${prefix}stale:${tag}`,
    lane: (index) => `${prefix}lane:${slotTag(index)}`,
    note: (name, lane) => `${prefix}${name}:${slotTag(lane)}`,
    temporary: (lane, index) => `${prefix}tmp:${slotTag(lane)}:${index}`,
  }
}

/** What every run of a task must agree on, and how far one of its shards has come. */
export interface TaskMeta {
  readonly format: 1
  /** Number of lanes: which lane a key belongs to must never change. */
  readonly lanes: number
  /**
   * `copying`: what is in the target is of no single moment; the copy is to be made again. `done`: nothing is left to
   * do but to take the task's own keys away, of which some may be gone already.
   */
  readonly phase: 'copying' | 'following' | 'done'
  /** Whether expiries may lie unshifted in the target: then a new run guards them again. */
  readonly guarded: boolean
  /** The target held no foreign key when the task began: whatever the source lacks may be removed. */
  readonly emptyAtStart: boolean
  /** What the rules for keys are, where there are any. */
  readonly rules?: string
  /** The snapshot that was or is being copied: its replication id and offset. */
  readonly snapshot: string
  /** The shard is copied over an earlier copy of itself: what that had more is stale. */
  readonly again?: true
  /** Where the target's slots were when the copy was made, as `TargetSession.slots` tells it. */
  readonly slots?: string
  /** `run_id` of the target's process: another one tells a restart. */
  readonly targetRunId: string
  /** Which of several inputs, counted from 0, is being applied; those before it are in. The first where it is not told. */
  readonly input?: number
  /** How far a copy has come that can go on from there; none where it is begun again. */
  readonly copied?: { readonly offset: number; readonly db: number } | undefined
  /** A cluster is being emptied, one master after another: the checkpoint that all lanes have when that is done. */
  readonly emptying?: Checkpoint
  /** Of a live sync: all up to this offset was in when this was noted, each expiry its own. */
  readonly drained?: number | undefined
  /** A live sync has ended here and its own keys are being taken away: what lacks its checkpoint has come as far. */
  readonly ended?: Checkpoint
}

/** Null where there is none, or none of this format. */
export function parseMeta(text: string | null): TaskMeta | null {
  if (text === null) return null
  try {
    const meta = JSON.parse(text) as TaskMeta
    return meta.format === 1 ? meta : null
  } catch {
    return null
  }
}

/**
 * A place in the source's history between two units. The database is the one selected there: a source that
 * goes on from an offset does not select it again.
 */
export interface Checkpoint {
  readonly replid: string
  readonly offset: number
  readonly db: number
  /** Of a unit over several slots that ends at `end`, behind `offset`, so many steps are done as far as this slot goes. */
  readonly partly?: Partly | undefined
}

export interface Partly {
  readonly end: number
  readonly steps: number
}

export function formatCheckpoint({ replid, offset, db, partly }: Checkpoint): string {
  const place = `${replid} ${offset} ${db}`
  return partly === undefined ? place : `${place} ${partly.end} ${partly.steps}`
}

export function parseCheckpoint(text: string | null): Checkpoint | null {
  const parts = /^([0-9a-f]{40}) (\d+) (\d+)(?: (\d+) (\d+))?$/.exec(text ?? '')
  if (parts === null) return null
  const place = { replid: parts[1]!, offset: Number(parts[2]), db: Number(parts[3]) }
  return parts[4] === undefined
    ? place
    : { ...place, partly: { end: Number(parts[4]), steps: Number(parts[5]) } }
}

/** The place that all of these have come to at least. */
export function earliest(checkpoints: readonly Checkpoint[]): Checkpoint {
  return checkpoints.reduce((least, one) => (one.offset < least.offset ? one : least))
}

/** A key: its database and its bytes. */
export interface DbKey {
  readonly db: number
  readonly key: Buffer
  /** Of a key of the target: the source's own that it comes from, where that may be another by its name or database. */
  readonly atSource?: DbKey
}

/** What a key of the target is at the source. */
export function sourceKey(key: DbKey): DbKey {
  return key.atSource ?? key
}

/** As `parseDbKey` reads it: of a key of the target what it is at the source, by which it is copied. */
export function formatSourceKey(key: DbKey): Buffer {
  return formatDbKey(sourceKey(key))
}

export function formatDbKey({ db, key }: DbKey): Buffer {
  return Buffer.concat([Buffer.from(`${db}:`), key])
}

/** What tells a key from all others, as a string: `parseDbKey` reads it as latin1. */
export function idOfKey({ db, key }: DbKey): string {
  return `${db}:${key.toString('latin1')}`
}

export function parseDbKey(member: Buffer): DbKey {
  const colon = member.indexOf(58)
  return { db: Number(member.toString('latin1', 0, colon)), key: member.subarray(colon + 1) }
}
