/** What has become of the entries of a stretch of the input. */
export interface Counts {
  /** Keys and functions gone past. */
  entries: number
  written: number
  skipped: number
  filtered: number
  expired: number
  failed: number
  functions: number
}

export function noCounts(): Counts {
  return { entries: 0, written: 0, skipped: 0, filtered: 0, expired: 0, failed: 0, functions: 0 }
}

/** A place in the input at which the walk can start: an entry's first byte, and the database selected there. */
export interface Position {
  readonly offset: number
  readonly sourceDb: number
}

/** A stretch of the input whose commands are under way; it begins where the one before it ended. */
export interface Stretch {
  readonly end: Position
  readonly counts: Counts
  answered: boolean
}

/** A ledger as it can be kept: times are told by how long before the last answer they were, null for always. */
export interface LedgerState {
  readonly position: Position
  readonly counts: Counts
  readonly sentOffset: number
  readonly marks: readonly {
    readonly beforeMs: number | null
    readonly position: Position
    readonly counts: Counts
  }[]
}

interface Mark {
  readonly at: number
  readonly position: Position
  readonly counts: Counts
}

/** How far back one can ask where everything was answered for, milliseconds; and how often that is noted. */
const memoryMs = 180_000
const noteEveryMs = 500

/**
 * Keeps account of a restore. Stretches are sent in the order of the input but answered in any; what counts is
 * the unbroken run from the start, for only that need not be sent again after a lost connection.
 */
export class Ledger {
  #position: Position
  #counts = noCounts()
  #stretches: Stretch[] = []
  #marks: Mark[]
  /** When something was answered for last. */
  #answeredAt = -Infinity
  #sentOffset = 0

  constructor(start: Position) {
    this.#position = start
    this.#marks = [{ at: -Infinity, position: start, counts: noCounts() }]
  }

  /**
   * One that goes on from what an earlier run had come to; `sentOffset` is as far as that may have sent. Since
   * then time has passed: whoever asks it to go back goes back no less far for that.
   */
  static resumed(state: LedgerState, sentOffset: number, now: number): Ledger {
    const ledger = new Ledger(state.position)
    ledger.#counts = { ...state.counts }
    ledger.#sentOffset = Math.max(state.sentOffset, sentOffset)
    ledger.#answeredAt = now
    ledger.#marks = state.marks.map(({ beforeMs, position, counts }) => ({
      at: beforeMs === null ? -Infinity : now - beforeMs,
      position,
      counts,
    }))
    return ledger
  }

  /** As it stands, to be kept. */
  state(): LedgerState {
    return {
      position: this.#position,
      counts: { ...this.#counts },
      sentOffset: this.#sentOffset,
      marks: this.#marks.map(({ at, position, counts }) => ({
        beforeMs: Number.isFinite(at) ? this.#answeredAt - at : null,
        position,
        counts,
      })),
    }
  }

  /** Everything before it has been answered for. */
  get position(): Position {
    return this.#position
  }

  /** Counts of everything before `position`. */
  get counts(): Readonly<Counts> {
    return this.#counts
  }

  /** The furthest that was ever sent: what begins before it may be on the target already. */
  get sentOffset(): number {
    return this.#sentOffset
  }

  /** A stretch is about to be sent. */
  open(end: Position, counts: Counts): Stretch {
    const stretch: Stretch = { end, counts, answered: false }
    this.#stretches.push(stretch)
    this.sending(end.offset)
    return stretch
  }

  /** What begins before `offset` is about to be sent, though where it ends is not known yet. */
  sending(offset: number): void {
    this.#sentOffset = Math.max(this.#sentOffset, offset)
  }

  /** All replies to a stretch are in, and counted in it. */
  close(stretch: Stretch, now: number): void {
    stretch.answered = true
    this.#answeredAt = now
    let done = 0
    for (const head of this.#stretches) {
      if (!head.answered) break
      this.#position = head.end
      add(this.#counts, head.counts)
      done += 1
    }
    if (done === 0) return
    this.#stretches.splice(0, done)
    if (now - this.#marks.at(-1)!.at >= noteEveryMs) this.#note(now)
  }

  /** The connection is gone: what is not answered for will be sent again from `position` on. */
  forgetUnanswered(): void {
    this.#stretches = []
  }

  /**
   * The target has lost what it answered for in its last `ms` at most. How long it has been away since does not
   * matter: those begin no later than with the last answer.
   */
  goBack(ms: number): void {
    this.goBackTo(this.#answeredAt - ms)
  }

  /** The target has all that it had answered for at this time (of the clock `close` is told), and perhaps no more. */
  goBackTo(time: number): void {
    this.#stretches = []
    while (this.#marks.length > 1 && this.#marks.at(-1)!.at > time) this.#marks.pop()
    const { position, counts } = this.#marks.at(-1)!
    this.#position = position
    this.#counts = { ...counts }
  }

  #note(now: number): void {
    this.#marks.push({ at: now, position: this.#position, counts: { ...this.#counts } })
    // The first mark is the start of the input, and always stays.
    while (
      this.#marks.length > 2 &&
      this.#marks[1]!.at < now - memoryMs &&
      this.#marks[2]!.at < now - memoryMs
    )
      this.#marks.splice(1, 1)
  }
}

function add(into: Counts, counts: Counts): void {
  into.entries += counts.entries
  into.written += counts.written
  into.skipped += counts.skipped
  into.filtered += counts.filtered
  into.expired += counts.expired
  into.failed += counts.failed
  into.functions += counts.functions
}
