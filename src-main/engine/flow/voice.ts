import { escapeKey } from '#contract/escape-key.ts'
import { fail } from '#contract/failure.ts'
import type { SyncEventCode } from '#contract/sync.ts'
import { impossibleInCluster } from '../plan/across-slots.ts'
import { tongueOf, type Tongue } from '../plan/command-versions.ts'
import { guardMs } from '../plan/expiry.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import type { LiveTarget } from '../target/live-target.ts'
import type { TargetLook } from '../target/look.ts'
import { encoded, type PreparedCommand, type PreparedUnit } from '../target/transaction-frame.ts'
import type { TaskMeta } from './checkpoint.ts'
import { copyCommands } from './copy-commands.ts'
import type { ExactCopy } from './exact-copy.ts'
import type { FollowedRules } from './followed-rules.ts'
import { GuardedRewriter, type RewritingListener } from './guarded-rewriter.ts'
import type { ShardLists } from './key-lists.ts'
import { PlainCommands } from './plain-commands.ts'
import { databasesOf, UnitPreparer } from './prepare.ts'
import { ScriptBook } from './script-book.ts'
import type { Tell } from './sync-state.ts'
import type { TargetSession } from './target-session.ts'
import type { TtlGuard } from './ttl-guard.ts'
import type { Unit } from './units.ts'

export interface VoiceParts {
  readonly session: Pick<TargetSession, 'control' | 'openCopy'>
  readonly lists: ShardLists
  readonly guard: TtlGuard
  readonly tell: Tell
  readonly meta: TaskMeta
  /** Null: everything goes along as it is. */
  readonly rules: FollowedRules | null
}

/** How a target is spoken to: units and copied values as commands that it knows, every expiry where it belongs. */
export class Voice {
  readonly #parts: VoiceParts
  readonly #look: TargetLook
  readonly #capabilities: Capabilities
  readonly #scripts: ScriptBook
  readonly #preparer: UnitPreparer
  readonly #tongue: Tongue
  readonly #tellOnce: (code: SyncEventCode, command: string) => void

  private constructor(
    parts: VoiceParts,
    known: { readonly look: TargetLook; readonly capabilities: Capabilities; readonly scripts: ScriptBook },
    listener: Pick<RewritingListener, 'unsure' | 'allUnsure' | 'toCopy'>,
  ) {
    const { guard, tell, meta } = parts
    const { look, capabilities, scripts } = known
    const lost = new Set<string>()
    const toldOnce = (code: SyncEventCode, command: string): void => {
      if (!lost.has(command)) tell(code, { command }, 'warning')
      lost.add(command)
    }
    this.#parts = parts
    this.#tellOnce = toldOnce
    this.#look = look
    this.#capabilities = capabilities
    this.#scripts = scripts
    this.#tongue = tongueOf(look, capabilities)
    this.#preparer = new UnitPreparer({
      lanes: meta.lanes,
      rewriter: new GuardedRewriter({
        guard,
        scripts,
        tongue: this.#tongue,
        impossible: look.mode === 'cluster' ? impossibleInCluster : () => null,
        listener: {
          ...listener,
          beyondGuard: ({ db, key }) => tell('expiry.beyond-guard', { db, key: escapeKey(key) }, 'warning'),
          lost: (command) => toldOnce('apply.cannot-hold', command),
          impossible: (command) => toldOnce('apply.not-in-cluster', command),
        },
      }),
      onUnknown: (command) => tell('apply.unknown-command', { command }, 'warning'),
    })
  }

  /** Asks the target what it knows and has. Rejects as `TargetSession.openCopy` does, and when a connection is lost. */
  static async open(
    parts: VoiceParts,
    listener: Pick<RewritingListener, 'unsure' | 'allUnsure' | 'toCopy'>,
  ): Promise<Voice> {
    const { session, lists } = parts
    const { look, capabilities } = await session.openCopy()
    const scripts = await ScriptBook.open(lists.scripts)
    return new Voice(parts, { look, capabilities, scripts }, listener)
  }

  /** `receivedAt`: what relative expiries count from, milliseconds since the epoch. */
  prepare(unit: Unit, receivedAt: number): PreparedUnit {
    const learnt = this.#scripts.learn(unit.commands)
    const prepared = this.#preparer.prepare(
      this.#look.mode === 'cluster' ? this.#inOneDatabase(unit) : unit,
      receivedAt,
    )
    return learnt.length === 0 ? prepared : { ...prepared, commands: [...prepared.commands, ...learnt] }
  }

  /** Under the rules for keys nobody can say what of it goes along. */
  leaveOut(command: string): void {
    this.#tellOnce('apply.not-by-rules', command)
  }

  /** A cluster has but one: what empties another is left out. Fails with `target.cluster-one-db` for all else. */
  #inOneDatabase(unit: Unit): Unit {
    const commands = unit.commands.filter(({ shape, db }) => shape?.name !== 'FLUSHDB' || db === 0)
    const foreign = commands.find((command) => databasesOf(command).some((db) => db !== 0))
    if (foreign === undefined) return { ...unit, commands }
    const dbs = databasesOf(foreign).filter((db) => db !== 0)
    return fail('target.cluster-one-db', {
      address: this.#parts.session.control.address,
      dbs: dbs.join(', '),
    })
  }

  /** What places commands that need not be prepared; null where the target takes units alone. */
  plainFor({ plain }: LiveTarget): PlainCommands | null {
    return plain === null ? null : new PlainCommands(plain, this.#tongue, this.#parts.guard)
  }

  /** The commands that put a copy in its place and take it off the list, for one transaction. */
  async commandsOf(copy: ExactCopy): Promise<readonly PreparedCommand[]> {
    const { guard, lists, tell, rules } = this.#parts
    const { payload, expireAt } = copy
    const to = rules === null ? { db: copy.db, key: copy.key } : rules.placed(copy)
    const settling = lists.repair.removing([to])
    if (rules?.goes(copy) === false) return settling
    const { db, key } = to
    const wanted = payload === null || rules === null || rules.goes(copy, payload[0])
    const at = expireAt === null ? null : guard.timeToWrite(Math.min(expireAt, guardMs - 1), { db, key })
    guard.noteMoved({ db, key })
    const words = await copyCommands({ ...copy, db, key, payload: wanted ? payload : null }, at, {
      look: this.#look,
      capabilities: this.#capabilities,
      fieldExpiryShiftMs: guard.mode === 'final' ? 0 : guardMs,
    })
    if (words === null) tell('copy.cannot-hold', { key: escapeKey(key), db }, 'warning')
    return [
      ...(words ?? [['DEL', key]]).map((command) => ({
        db,
        name: String(command[0]),
        ...encoded(command),
        keys: [to],
      })),
      ...settling,
    ]
  }
}
