import type { Failure } from '#contract/failure.ts'
import type { Loss } from '#contract/loss.ts'
import type { LimitedBy } from '#contract/limits.ts'
import type { RestorePhase, RestoreProgress, RestoreResult } from '#contract/restore.ts'
import { noCounts, type Counts } from './ledger.ts'
import { reportEveryMs } from './pace.ts'

/** Rates are taken over the last so many milliseconds. */
const rateWindowMs = 3000

interface Sample {
  readonly at: number
  readonly bytes: number
  readonly keys: number
}

type RestoreCosts = Pick<RestoreResult, 'checkMs' | 'writeMs' | 'elapsedMs' | 'cpuSeconds' | 'peakRssBytes'>

/** Turns what a restore knows of itself into snapshots, at most four a second. */
export class RestoreMeter {
  /** What holds it back right now. */
  limitedBy: () => LimitedBy | null = () => null
  readonly #startedAt = performance.now()
  readonly #report: (progress: RestoreProgress) => void
  #bytesTotal: number
  #phase: RestorePhase = 'checking'
  /** The one that a pause holds up. */
  #phaseHeld: RestorePhase = 'writing'
  #bytesDone = 0
  #keysTotal: number | null = null
  #counts: Readonly<Counts> = noCounts()
  #waitingFor: Failure | null = null
  #losses: readonly Loss[] = []
  #samples: Sample[] = []
  #eta: number | null = null
  #reportedAt = -Infinity
  #resumedFrom: number | null = null
  /** Where writing once more of what the target has lost has come to. */
  #madeUp: number | null = null

  constructor(bytesTotal: number, report: (progress: RestoreProgress) => void) {
    this.#bytesTotal = bytesTotal
    this.#report = report
  }

  get phase(): RestorePhase {
    return this.#phase
  }

  /** What the whole of it took; `checkMs` up to where its files had been read through. */
  costs(checkMs: number): RestoreCosts {
    const elapsedMs = this.elapsedMs
    const cpu = process.cpuUsage()
    return {
      checkMs: Math.round(checkMs),
      writeMs: Math.round(elapsedMs - checkMs),
      elapsedMs: Math.round(elapsedMs),
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    }
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt
  }

  /** A new phase is told at once. */
  enter(phase: RestorePhase, keysTotal: number | null = this.#keysTotal): void {
    // Nothing behind it tells how much was fetched.
    if (this.#phase === 'fetching') this.#say()
    if (phase !== 'finishing' && this.#phase !== 'waiting') this.#bytesDone = 0
    this.#phase = phase
    this.#keysTotal = keysTotal
    this.#waitingFor = null
    this.#samples = []
    this.#eta = null
    this.#say()
  }

  /** It waits for the end of a pause, or goes on after it. */
  hold(paused: boolean): void {
    if (paused) this.#phaseHeld = this.#phase
    this.#phase = paused ? 'paused' : this.#phaseHeld
    this.#samples = []
    this.#eta = null
    this.#say()
  }

  /** So many bytes are ahead of this phase. */
  measure(bytesTotal: number): void {
    this.#bytesTotal = bytesTotal
  }

  /** What the target cannot hold, from now on part of every snapshot. */
  foresee(losses: readonly Loss[]): void {
    this.#losses = losses
    this.#say()
  }

  /** It goes on at this offset, where an earlier run had come to these counts. */
  resume(offset: number, counts: Readonly<Counts>): void {
    this.#resumedFrom = offset
    this.#bytesDone = offset
    this.#counts = { ...counts }
    this.#say()
  }

  /** The target is away, or refuses for now. */
  wait(failure: Failure): void {
    this.#phase = 'waiting'
    this.#waitingFor = failure
    this.#madeUp = null
    this.#samples = []
    this.#eta = null
    this.#say()
  }

  /** Figures of what the target has lost again are not taken until they are made up for: what is shown only grows. */
  advance(bytesDone: number, counts?: Readonly<Counts>): void {
    const isMadeUp = bytesDone >= this.#bytesDone
    // To read something a second time makes up for nothing.
    if (!isMadeUp && counts === undefined) return
    this.#madeUp = isMadeUp ? null : bytesDone
    if (isMadeUp) {
      this.#bytesDone = bytesDone
      if (counts !== undefined) this.#counts = { ...counts }
    }
    const now = performance.now()
    if (now - this.#reportedAt < reportEveryMs) return
    this.#samples.push({ at: now, bytes: bytesDone, keys: (counts ?? this.#counts).entries })
    while (this.#samples.length > 2 && this.#samples[0]!.at < now - rateWindowMs) this.#samples.shift()
    this.#say()
  }

  snapshot(): RestoreProgress {
    const { bytes, keys } = this.#rates()
    const counts = this.#counts
    if (bytes > 0 && this.#bytesTotal > 0) {
      const left = Math.ceil((this.#bytesTotal - (this.#madeUp ?? this.#bytesDone)) / bytes)
      this.#eta = this.#eta === null ? left : Math.min(this.#eta, left)
    }
    return {
      phase: this.#phase,
      bytesDone: this.#bytesDone,
      bytesTotal: this.#bytesTotal,
      keysDone: counts.entries - counts.functions,
      keysTotal: this.#keysTotal,
      keysWritten: counts.written,
      keysSkipped: counts.skipped,
      keysFiltered: counts.filtered,
      keysExpired: counts.expired,
      keysFailed: counts.failed,
      keysPerSecond: Math.round(keys),
      bytesPerSecond: Math.round(bytes),
      etaSeconds: this.#eta,
      elapsedMs: Math.round(this.elapsedMs),
      waitingFor: this.#waitingFor,
      cannotHold: this.#losses,
      resumedFrom: this.#resumedFrom,
      madeUp: this.#madeUp,
      limitedBy: this.limitedBy(),
    }
  }

  #rates(): { bytes: number; keys: number } {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || last.at <= first.at) return { bytes: 0, keys: 0 }
    const seconds = (last.at - first.at) / 1000
    return { bytes: (last.bytes - first.bytes) / seconds, keys: (last.keys - first.keys) / seconds }
  }

  #say(): void {
    this.#reportedAt = performance.now()
    this.#report(this.snapshot())
  }
}
