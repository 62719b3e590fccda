import { escapeKey } from '#contract/escape-key.ts'
import { tongueOf } from '../plan/command-versions.ts'
import { guardMs } from '../plan/expiry.ts'
import { probeCapabilities, type Capabilities } from '../redis/capabilities.ts'
import { Link } from '../resp/link.ts'
import { lookAtTarget, type TargetLook } from '../target/look.ts'
import { encoded, type PreparedCommand, type PreparedUnit } from '../target/transaction-frame.ts'
import { formatDbKey, type TaskKeys, type TaskMeta } from './checkpoint.ts'
import { copyCommands } from './copy-commands.ts'
import type { ExactCopy } from './exact-copy.ts'
import { GuardedRewriter, type RewritingListener } from './guarded-rewriter.ts'
import { UnitPreparer } from './prepare.ts'
import { ScriptBook } from './script-book.ts'
import type { Tell } from './sync-state.ts'
import type { TargetSession } from './target-session.ts'
import type { TtlGuard } from './ttl-guard.ts'
import type { Unit } from './units.ts'

export interface VoiceParts {
  readonly session: Pick<TargetSession, 'control' | 'connection'>
  /** Of our connections. */
  readonly name: string
  readonly keys: TaskKeys
  readonly guard: TtlGuard
  readonly tell: Tell
  readonly meta: TaskMeta
}

/** How a target is spoken to: units and copied values as commands that it knows, every expiry where it belongs. */
export class Voice {
  readonly #parts: VoiceParts
  readonly #look: TargetLook
  readonly #capabilities: Capabilities
  readonly #scripts: ScriptBook
  readonly #preparer: UnitPreparer

  private constructor(
    parts: VoiceParts,
    known: { readonly look: TargetLook; readonly capabilities: Capabilities; readonly scripts: ScriptBook },
    listener: Pick<RewritingListener, 'unsure' | 'allUnsure' | 'toCopy'>,
  ) {
    const { guard, tell, meta } = parts
    const { look, capabilities, scripts } = known
    const lost = new Set<string>()
    this.#parts = parts
    this.#look = look
    this.#capabilities = capabilities
    this.#scripts = scripts
    this.#preparer = new UnitPreparer({
      lanes: meta.lanes,
      rewriter: new GuardedRewriter({
        guard,
        scripts,
        tongue: tongueOf(look, capabilities),
        listener: {
          ...listener,
          beyondGuard: ({ db, key }) => tell('expiry.beyond-guard', { db, key: escapeKey(key) }, 'warning'),
          lost: (command) => {
            if (!lost.has(command)) tell('apply.cannot-hold', { command }, 'warning')
            lost.add(command)
          },
        },
      }),
      onUnknown: (command) => tell('apply.unknown-command', { command }, 'warning'),
    })
  }

  /** Asks the target what it knows and has. Rejects as `Link.open` does, and when a connection is lost. */
  static async open(
    parts: VoiceParts,
    signal: AbortSignal,
    listener: Pick<RewritingListener, 'unsure' | 'allUnsure' | 'toCopy'>,
  ): Promise<Voice> {
    const { session, name, keys } = parts
    using link = await Link.open(session.connection, { name, signal })
    const look = await lookAtTarget(link)
    const capabilities = await probeCapabilities(link, look)
    const scripts = await ScriptBook.open(session.control, keys)
    return new Voice(parts, { look, capabilities, scripts }, listener)
  }

  /** `receivedAt`: what relative expiries count from, milliseconds since the epoch. */
  prepare(unit: Unit, receivedAt: number): PreparedUnit {
    const learnt = this.#scripts.learn(unit.commands)
    const prepared = this.#preparer.prepare(unit, receivedAt)
    return learnt.length === 0 ? prepared : { ...prepared, commands: [...prepared.commands, ...learnt] }
  }

  /** The commands that put a copy in its place and take it off the list, for one transaction. */
  async commandsOf(copy: ExactCopy): Promise<readonly PreparedCommand[]> {
    const { guard, keys, tell } = this.#parts
    const { db, key, expireAt } = copy
    const at = expireAt === null ? null : guard.timeToWrite(Math.min(expireAt, guardMs - 1), copy)
    guard.noteMoved(copy)
    const words = await copyCommands(copy, at, {
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
        keys: [{ db, key }],
      })),
      { db: 0, name: 'SREM', ...encoded(['SREM', keys.repair, formatDbKey(copy)]), keys: [] },
    ]
  }
}
