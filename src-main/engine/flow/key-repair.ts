import { escapeKey } from '#contract/escape-key.ts'
import type { Connection } from '#contract/connection.ts'
import { toFailure } from '#contract/failure.ts'
import { keysOfCommand } from '../plan/command-keys.ts'
import type { AskPlace } from '../source/stream-place.ts'
import type { FailedUnit, PreparedUnit } from '../target/transaction-frame.ts'
import { sourceKey, type DbKey } from './checkpoint.ts'
import type { IsOurPlace } from './due-at-place.ts'
import { CopiesUnderWay, takeExactCopies, type ExactCopy } from './exact-copy.ts'
import type { FollowedRules } from './followed-rules.ts'
import type { KeyList, ShardLists } from './key-lists.ts'
import type { Tell } from './sync-state.ts'
import type { Unit } from './units.ts'

export interface KeyRepairOptions {
  /** Of the shard's connections. */
  readonly name: string
  readonly source: () => Connection
  readonly askPlace: AskPlace
  readonly rules: FollowedRules | null
  readonly lists: Pick<ShardLists, 'repair' | 'moved'>
  /** The newest id of the history that is applied. */
  readonly replid: () => string
  readonly tell: Tell
}

/** Does its work while nothing of the stream is placed. */
export type WhileStill = (work: () => Promise<void>) => Promise<void>

const repairsAtOnce = 500

/**
 * Keys of one shard that commands cannot make right: each is on a list in the target, in the transaction that makes it
 * necessary, until a copy of a known place of the source's stream is put in order there.
 */
export class KeyRepair {
  readonly #options: KeyRepairOptions
  readonly #copies = new CopiesUnderWay()
  /** Of the unit at hand: keys of the target that must be copied, for it cannot be told. */
  #untold: DbKey[] = []
  #listed = 0

  constructor(options: KeyRepairOptions) {
    this.#options = options
  }

  /** So many copies wait for the stream to come to their places. */
  get waiting(): number {
    return this.#copies.size
  }

  /** Keys on the lists, as they were counted last. */
  get listed(): number {
    return this.#listed
  }

  /** Keys of the target that the unit at hand leaves untold. */
  get untold(): readonly DbKey[] {
    return this.#untold
  }

  /** Takes up what an earlier stay has left on the list. */
  async takeUp(): Promise<void> {
    this.#copies.want(await this.#options.lists.repair.all())
  }

  async count(applied: number): Promise<void> {
    const { repair, moved } = this.#options.lists
    const [toRepair, elsewhere] = await Promise.all([repair.count(applied), moved.count(applied)])
    this.#listed = toRepair + elsewhere
  }

  /** These go on the list, by another's hand. */
  expect(keys: readonly DbKey[]): void {
    this.#copies.want(keys)
  }

  /** What the unit at hand makes of these keys of the target, no command can say. */
  leaveUntold(keys: readonly DbKey[]): void {
    this.#untold.push(...keys)
  }

  /** Every key of the unit will be written anew at a later place: the unit can be left out. */
  isReplaced(unit: Unit): boolean {
    return unit.commands.every(
      (command) =>
        command.shape?.kind === 'write' && keysOfCommand(command).every((key) => this.#copies.has(key)),
    )
  }

  /** The unit at hand, and with it on the list what it leaves untold. */
  withUntold(unit: PreparedUnit): PreparedUnit {
    return this.#untold.length === 0 ? unit : listing(unit, this.#options.lists.repair, this.#untold)
  }

  /**
   * A unit with some keys that will be written anew is applied, but what it read there may have been wrong: all that no
   * copy is at hand of go on the list in the same transaction, in their own lanes' order. Also those that should be on it
   * already: a copy of an earlier place may take them off meanwhile.
   */
  withDoubtful(unit: PreparedUnit): PreparedUnit {
    if (this.#copies.wantsNone) return unit
    const keys = unit.commands.flatMap((command) => command.keys)
    if (keys.length < 2 || !keys.some((key) => this.#copies.isDoubtful(sourceKey(key)))) return unit
    const others = keys.filter((key) => !this.#copies.has(sourceKey(key)))
    if (others.length === 0) return unit
    this.#copies.want(others.map(sourceKey))
    return listing(unit, this.#options.lists.repair, others)
  }

  /** The copies whose place is at or before `offset`, in the order of their places. */
  takeDue(offset: number, isOurs: IsOurPlace): readonly ExactCopy[] {
    return this.#copies.takeDue(offset, isOurs)
  }

  /** Copies what the unit at hand has left untold, once it is placed: nothing is placed meanwhile. Null: nothing. */
  copyUntold(placeDue: () => Promise<void>): Promise<void> | null {
    if (this.#untold.length === 0) return null
    const untold = this.#untold.map(sourceKey)
    this.#untold = []
    return this.#copy(untold, (work) => work(), placeDue)
  }

  /** Copies some of the keys on the list. */
  async copyListed(still: WhileStill, placeDue: () => Promise<void>, signal: AbortSignal): Promise<void> {
    await this.#copy(await this.#options.lists.repair.some(repairsAtOnce), still, placeDue, signal)
  }

  /** Takes fresh copies, to be placed when the stream has come that far. */
  async #copy(
    wanted: readonly DbKey[],
    still: WhileStill,
    placeDue: () => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    const { name, source, askPlace, rules, lists, replid } = this.#options
    this.#copies.want(wanted)
    try {
      await takeExactCopies(
        source(),
        wanted,
        name,
        askPlace,
        (ask) =>
          still(async () => {
            const history = replid()
            const { copies, elsewhere } = await ask()
            for (const copy of copies) this.#copies.add(copy, history)
            const moved = elsewhere.map((key) => rules?.placed(key) ?? key)
            if (moved.length > 0) await lists.repair.hand(moved, lists.moved)
            await placeDue()
          }),
        signal,
      )
    } catch (thrown) {
      // The source cannot be asked now: the keys stay on the list.
      if (toFailure(thrown).code === 'internal.unexpected') throw thrown
    }
  }

  /** Units that failed on the target: their keys are on the list. */
  noteFailed(units: readonly FailedUnit[]): void {
    const { lists, tell } = this.#options
    for (const { unit, reply } of units) {
      const keys = unit.commands.flatMap((command) => command.keys)
      const [key] = keys
      lists.repair.expect(keys, unit.end)
      this.#copies.want(keys.map(sourceKey))
      tell(
        'apply.command-failed',
        {
          command: unit.commands[0]?.name ?? '',
          key: key === undefined ? '' : escapeKey(key.key),
          db: key?.db ?? 0,
          reason: reply.slice(0, 200),
        },
        'warning',
      )
    }
  }
}

/** The unit, and with it the names of keys put on a list. */
export function listing(unit: PreparedUnit, list: KeyList, keys: readonly DbKey[]): PreparedUnit {
  return { ...unit, commands: [...unit.commands, ...list.adding(keys, unit.end)] }
}
