import type { DumpPhase, DumpProgress, SourceProgress } from '#contract/dump.ts'
import { reportEveryMs } from './pace.ts'
import type { NoteProgress } from './whole-file.ts'

/** How far it is everywhere, told four times a second. */
export class DumpBoard {
  readonly #startedAt = performance.now()
  readonly #sources: SourceProgress[]
  readonly #report: (progress: DumpProgress) => void
  #received = 0
  #sampledAt = performance.now()
  #sampledBytes = 0
  #bytesPerSecond = 0

  constructor(addresses: readonly string[], report: (progress: DumpProgress) => void) {
    this.#sources = addresses.map((address) => ({
      address,
      phase: 'connecting',
      bytesDone: 0,
      bytesTotal: null,
    }))
    this.#report = report
  }

  /** What tells it of one source. */
  noteOf(index: number): NoteProgress {
    return (phase, bytesDone, bytesTotal) => {
      const before = this.#sources[index]!
      if (isMoving(phase))
        this.#received += Math.max(0, bytesDone - (before.phase === phase ? before.bytesDone : 0))
      this.#sources[index] = { ...before, phase, bytesDone, bytesTotal }
    }
  }

  tellRegularly(): Disposable {
    const timer = setInterval(() => this.#tell(), reportEveryMs)
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer)
        this.#tell()
      },
    }
  }

  #tell(): void {
    const now = performance.now()
    if (now - this.#sampledAt >= 1000) {
      this.#bytesPerSecond = Math.round(
        ((this.#received - this.#sampledBytes) * 1000) / (now - this.#sampledAt),
      )
      this.#sampledAt = now
      this.#sampledBytes = this.#received
    }
    this.#report({
      sources: [...this.#sources],
      bytesPerSecond: this.#bytesPerSecond,
      elapsedMs: Math.round(now - this.#startedAt),
    })
  }
}

function isMoving(phase: DumpPhase): boolean {
  return phase === 'receiving' || phase === 'fetching'
}
