import type { Failure, FailureCode } from '#contract/failure.ts'
import type { RestorePhase, RestoreProgress } from '#contract/restore.ts'
import { sayFailure } from '#contract/words/say-failure.ts'
import { bytes, count, duration, keys } from './figures.ts'
import { progressLine, progressSentence, type ProgressFigures } from './progress-line.ts'
import type { Style } from './style.ts'

/** The stream progress is shown on. */
export interface ProgressStream {
  readonly columns?: number | undefined
  write(text: string): unknown
}

const labels: Readonly<Record<RestorePhase, string>> = {
  fetching: 'Fetching',
  checking: 'Checking',
  looking: 'Looking at the target',
  writing: 'Writing',
  replaying: 'Applying commands',
  waiting: 'Waiting',
  paused: 'Paused',
  finishing: 'Finishing',
}

/** The phases whose end is known, so that a bar says something. */
const measured: ReadonlySet<RestorePhase> = new Set(['fetching', 'checking', 'writing', 'replaying'])

const sentenceEveryMs = 3_000
/** To wait for the same once more is told after so long. */
const waitsSaidEveryMs = 60_000

/**
 * Shows how far a restore is: on a terminal one line drawn again in place, elsewhere a sentence every few
 * seconds. What has come to its end, and every wait, stays as a line of its own.
 */
export class ProgressView implements Disposable {
  readonly #stream: ProgressStream
  readonly #style: Style
  #phase: RestorePhase | null = null
  #phaseStartedMs = 0
  #lastSentenceMs = 0
  #fetchedBytes = 0
  #drawn = false
  #waitedFor: FailureCode | null = null
  #waitSaid = false
  #waitSaidMs = -Infinity
  #waits = 0
  #madeUpSaid = false

  constructor(stream: ProgressStream, style: Style) {
    this.#stream = stream
    this.#style = style
  }

  update(progress: RestoreProgress): void {
    if (progress.phase !== this.#phase) this.#enter(progress)
    if (progress.phase === 'fetching') this.#fetchedBytes = progress.bytesDone
    if (progress.phase === 'waiting') return
    this.#tellOfLoss(progress)
    if (this.#style.redraws) this.#draw(progress)
    else this.#say(progress)
  }

  /** Takes the drawn line away, so that whatever is written next stands on a clean one. */
  clear(): void {
    if (this.#drawn) this.#stream.write('\r\u001b[K')
    this.#drawn = false
  }

  [Symbol.dispose](): void {
    this.clear()
  }

  #enter(progress: RestoreProgress): void {
    const before = this.#phase
    if (before === 'fetching' && progress.phase !== 'waiting') {
      const took = duration(progress.elapsedMs - this.#phaseStartedMs)
      this.#line(`Fetched ${bytes(this.#fetchedBytes)}, in ${took}.`)
    }
    if (before === 'checking') {
      const took = duration(progress.elapsedMs - this.#phaseStartedMs)
      const held = progress.keysTotal === null ? '' : `, ${keys(progress.keysTotal)}`
      this.#line(`Checked the file: ${bytes(progress.bytesTotal)}${held}, in ${took}.`)
    }
    if (progress.phase === 'waiting') this.#wait(progress)
    else if (before === 'waiting' && this.#waitSaid) this.#line('Going on.')
    this.#phase = progress.phase
    this.#phaseStartedMs = before === null ? 0 : progress.elapsedMs
    this.#lastSentenceMs = progress.elapsedMs
  }

  /** A target that is full lets us go on for a moment again and again: that is told now and then, not each time. */
  #wait({ waitingFor, elapsedMs }: RestoreProgress): void {
    const why = waitingFor?.code ?? null
    const isSame = why === this.#waitedFor && elapsedMs - this.#waitSaidMs < waitsSaidEveryMs
    this.#waits = why === this.#waitedFor ? this.#waits + 1 : 1
    this.#waitedFor = why
    this.#waitSaid = !isSame
    if (isSame) return
    this.#waitSaidMs = elapsedMs
    this.#line(waitingSentence(waitingFor, this.#waits))
  }

  /** Once for each time that the target has come back with less than it had. */
  #tellOfLoss({ madeUp }: RestoreProgress): void {
    if (madeUp !== null && !this.#madeUpSaid)
      this.#line('The target has lost keys that it had taken: they are written once more.')
    this.#madeUpSaid = madeUp !== null
  }

  #line(text: string): void {
    this.clear()
    this.#stream.write(`${text}\n`)
  }

  #draw(progress: RestoreProgress): void {
    const { columns = 80 } = this.#stream
    const label = labelOf(progress)
    const line = measured.has(progress.phase)
      ? progressLine(label, figuresOf(progress), columns, this.#style.unicode)
      : `${label} …`.slice(0, columns - 1)
    this.#stream.write(`\r${line}\u001b[K`)
    this.#drawn = true
  }

  #say(progress: RestoreProgress): void {
    if (progress.elapsedMs - this.#lastSentenceMs < sentenceEveryMs) return
    this.#lastSentenceMs = progress.elapsedMs
    const label = labelOf(progress)
    this.#line(measured.has(progress.phase) ? progressSentence(label, figuresOf(progress)) : `${label} …`)
  }
}

function labelOf({ phase, madeUp }: RestoreProgress): string {
  return madeUp === null ? labels[phase] : `${labels[phase]} again`
}

/** Bytes a second are told of what is fetched; later keys say more. */
function figuresOf(progress: RestoreProgress): ProgressFigures {
  if (progress.madeUp !== null)
    return {
      ...progress,
      bytesDone: progress.madeUp,
      bytesTotal: progress.bytesDone,
      keysTotal: null,
      keysDone: 0,
    }
  return progress.phase === 'fetching' ? progress : { ...progress, bytesPerSecond: 0 }
}

function waitingSentence(reason: Failure | null, times: number): string {
  const why = reason === null ? '' : ` ${sayFailure(reason, 'en').what}`
  return `Waiting, and trying again${times > 1 ? `, ${count(times)} times by now` : ''}:${why}`
}
