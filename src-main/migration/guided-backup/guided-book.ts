import { addressOf } from '#contract/connection.ts'
import { fail, toFailure, type Failure } from '#contract/failure.ts'
import type {
  GuidedAction,
  GuidedBackupView,
  GuidedProgress,
  GuidedStep,
  SideFigures,
} from '#contract/guided-backup.ts'
import type { EndpointView } from '#contract/profile.ts'
import type { GuidedBackupRow, GuidedBackupTable } from '#store/guided-backups.ts'
import type { FreezeJournal, KeptFreeze } from '../freeze/record.ts'
import { isAlive, ownerLostMs } from '../ownership.ts'

/** What a row's `body` holds. */
export interface GuidedRecord extends Pick<
  GuidedBackupView,
  'folder' | 'saved' | 'inputs' | 'restored' | 'proof'
> {
  readonly source: EndpointView
  readonly target: EndpointView
  readonly step: GuidedStep
  readonly isDone: boolean
  readonly failure: Failure | null
  readonly figures: { readonly source: SideFigures | null; readonly target: SideFigures | null }
}

/** What is only true while a step is under way here: it is told, and not kept. */
export interface Moment {
  readonly progress: GuidedProgress | null
  readonly seen: GuidedBackupView['seen']
}

const nothingSeen: Moment = { progress: null, seen: null }
/** How often a watcher is told at most. */
const tellEveryMs = 250
/** How often what another process does is looked up. */
const lookUpMs = 1_000

/** The name a freeze goes by that such a move has made. */
export function freezeNameOf(id: string): string {
  return `backup-${id.slice(0, 12)}`
}

/** All moves by backup as they stand: the one place that changes them, and tells who watches. */
export class GuidedBook implements Disposable {
  readonly #table: GuidedBackupTable
  readonly #freezes: FreezeJournal
  /** Those whose step is under way here. */
  readonly #held = new Map<string, Moment>()
  /** Why the last step of some was not done, where that could not be written down. */
  readonly #unwritten = new Map<string, Failure>()
  readonly #waiting = new Set<() => void>()
  readonly #heartbeat: NodeJS.Timeout

  constructor(table: GuidedBackupTable, freezes: FreezeJournal) {
    this.#table = table
    this.#freezes = freezes
    this.#heartbeat = setInterval(() => {
      try {
        for (const id of this.#held.keys()) table.seen(id, Date.now())
      } catch {
        // A full disk is told by the next step that has to be written down; a beat may be missed.
      }
    }, ownerLostMs / 5)
    this.#heartbeat.unref()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat)
    this.#wake()
  }

  list(): readonly GuidedBackupView[] {
    return this.#table.all().map((row) => this.#view(row))
  }

  row(id: string): GuidedBackupRow {
    return this.#table.find(id) ?? fail('guided-backup.not-found', { id })
  }

  view(id: string): GuidedBackupView {
    return this.#view(this.row(id))
  }

  record(id: string): GuidedRecord {
    return recordOf(this.row(id))
  }

  /** What is kept of the freeze of its source; undefined while there is none. */
  frozen(id: string): KeptFreeze | undefined {
    return this.#freezes.open(freezeNameOf(id))[0]
  }

  put(row: GuidedBackupRow): void {
    this.#table.put(row)
    this.#wake()
  }

  remove(id: string): void {
    this.#table.remove(id)
    this.#wake()
  }

  /** Takes one for this process to do a step of; refused while another one, alive, does. */
  hold(id: string): void {
    const row = this.row(id)
    if ((isAlive(row) && row.ownerPid !== process.pid) || !this.#table.take(id, row, process.pid, Date.now()))
      fail('task.held-elsewhere', { pid: row.ownerPid ?? 0 })
    this.#held.set(id, nothingSeen)
    this.#unwritten.delete(id)
    this.#wake()
  }

  /** Nobody does a step of it any more. Does not throw: where the disk is full its view says so. */
  release(id: string): void {
    this.#held.delete(id)
    try {
      this.#table.put({ ...this.row(id), ownerPid: null, ownerSeenAt: null })
    } catch (thrown) {
      if (!this.#unwritten.has(id)) this.#unwritten.set(id, tellable(thrown))
    }
    this.#wake()
  }

  /** Notes why a step was not done, null where that was asked for. Does not throw: else it is told by the view alone. */
  noteEnd(id: string, failure: Failure | null): void {
    try {
      this.change(id, { failure })
    } catch (thrown) {
      this.#unwritten.set(id, failure ?? tellable(thrown))
      this.#wake()
    }
  }

  /** On disk when it returns. */
  change(
    id: string,
    changed: Partial<GuidedRecord>,
    secrets: Pick<Partial<GuidedBackupRow>, 'inputsSecret'> = {},
  ): void {
    const row = this.row(id)
    const body = JSON.stringify({ ...recordOf(row), ...changed } satisfies GuidedRecord)
    this.#table.put({ ...row, ...secrets, body, updatedAt: Date.now() })
    this.#wake()
  }

  /** Tells what is seen at this moment of the step under way here. */
  tell(id: string, moment: Partial<Moment>): void {
    const before = this.#held.get(id)
    if (before === undefined) return
    this.#held.set(id, { ...before, ...moment })
    this.#wake()
  }

  /** The newest view at once, then whenever it differs, until it is removed or `signal` aborts. */
  async *watch(id: string, signal: AbortSignal | undefined): AsyncGenerator<GuidedBackupView, void, void> {
    let told = ''
    while (signal?.aborted !== true) {
      const row = this.#table.find(id)
      if (row === undefined) return
      const view = this.#view(row)
      const text = JSON.stringify(view)
      if (text !== told) yield view
      told = text
      await this.#changed(signal)
    }
  }

  #view(row: GuidedBackupRow): GuidedBackupView {
    const { isDone, ...record } = recordOf(row)
    const moment = this.#held.get(row.id)
    const [frozen] = this.#freezes.notes(freezeNameOf(row.id))
    const unwritten = this.#unwritten.get(row.id)
    const isRunning = moment !== undefined || (isAlive(row) && row.ownerPid !== process.pid)
    const isLeft = row.ownerPid === null || unwritten !== undefined
    const state = isRunning ? 'running' : isDone ? 'done' : isLeft ? 'waiting' : 'interrupted'
    return {
      id: row.id,
      ...record,
      from: addressOf(record.source),
      to: addressOf(record.target),
      state,
      failure: isRunning ? null : (unwritten ?? record.failure),
      frozen:
        frozen === undefined
          ? null
          : { at: frozen.frozenAt, signedOut: frozen.signedOut, byHand: frozen.byHand },
      ...(moment ?? nothingSeen),
      actions: actionsOf(state, moment !== undefined, frozen !== undefined),
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  /** Resolves when something may have changed, a while after the last time. */
  async #changed(signal: AbortSignal | undefined): Promise<void> {
    const since = Date.now()
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(end)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, lookUpMs)
      this.#waiting.add(end)
      signal?.addEventListener('abort', end, { once: true })
    })
    const left = tellEveryMs - (Date.now() - since)
    if (left > 0 && signal?.aborted !== true) await new Promise((resolve) => setTimeout(resolve, left))
  }
}

/**
 * What was thrown as it may be kept and told: without its cause. Nothing of a move by backup is chosen by who reads it,
 * and there may be no file yet.
 */
export function tellable(thrown: unknown): Failure {
  const { cause: _cause, ...failure } = toFailure(thrown)
  if (failure.code !== 'target.not-empty') return failure
  return { ...failure, params: { ...failure.params, guided: 1 } }
}

function recordOf({ body }: GuidedBackupRow): GuidedRecord {
  return JSON.parse(body) as GuidedRecord
}

/** What we have frozen is let go before it is forgotten; what a person shut, he opens. */
function actionsOf(
  state: GuidedBackupView['state'],
  isHere: boolean,
  isFrozen: boolean,
): readonly GuidedAction[] {
  if (state === 'running') return isHere ? ['cancel'] : []
  return [
    ...(state === 'done' ? [] : (['proceed'] as const)),
    ...(isFrozen ? (['unfreeze'] as const) : (['remove'] as const)),
  ]
}
