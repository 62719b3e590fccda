import type { LimitedBy } from '#contract/limits.ts'
import type { RestoreProgress } from '#contract/restore.ts'
import { bytes, clock, count, short } from './figures.ts'

/** What the progress line shows of a job. */
export type ProgressFigures = Pick<
  RestoreProgress,
  'bytesDone' | 'bytesTotal' | 'keysDone' | 'keysTotal' | 'keysPerSecond' | 'etaSeconds'
> & { readonly limitedBy?: LimitedBy | null } & {
  /** Shown where keys are not known yet. */
  readonly bytesPerSecond?: number
}

/** Kept free at the end of the line: one column so that it cannot wrap, two for the `^C` a terminal echoes. */
const spareColumns = 3
const widestBar = 24
const narrowestBar = 8

/**
 * One line for a terminal of `columns`, never so wide that it could wrap:
 * `Writing ██████░░░░ 56% · 186 of 333 MiB · 1,123,456 of 2,000,000 keys · 345k keys/s · 0:04 left`. Where it does
 * not fit, what matters least goes first.
 */
export function progressLine(
  label: string,
  figures: ProgressFigures,
  columns: number,
  unicode: boolean,
): string {
  const width = columns - spareColumns
  if (isEndless(figures))
    return `${label} ${texts(figures).join(unicode ? ' · ' : ' | ')}`.slice(0, Math.max(0, width))
  const fraction = fractionDone(figures)
  const percent = `${Math.floor(fraction * 100)}%`.padStart(4)
  const separator = unicode ? ' · ' : ' | '
  let parts = figureParts(figures)
  while (parts.length > 0 && lengthOf(label, percent, parts, separator) + narrowestBar + 1 > width)
    parts = withoutLeastImportant(parts)
  const rest = [percent, ...parts.map(({ text }) => text)].join(separator).trimStart()
  const room = width - label.length - rest.length - 2
  const line =
    room >= narrowestBar
      ? `${label} ${bar(fraction, Math.min(room, widestBar), unicode)} ${rest}`
      : `${label} ${rest}`
  return line.slice(0, Math.max(0, width))
}

/** The same for a log: all figures, no bar. */
export function progressSentence(label: string, figures: ProgressFigures): string {
  const percent = `${Math.floor(fractionDone(figures) * 100)}%`
  return `${label}: ${[...(isEndless(figures) ? [] : [percent]), ...texts(figures)].join(', ')}`
}

/** Nobody has told how much there is. */
function isEndless({ bytesDone, bytesTotal }: ProgressFigures): boolean {
  return bytesTotal === 0 && bytesDone > 0
}

function texts(figures: ProgressFigures): readonly string[] {
  return figureParts(figures).map(({ text }) => text)
}

interface Part {
  readonly text: string
  /** The highest goes first when room is short. */
  readonly expendable: number
}

function figureParts(figures: ProgressFigures): readonly Part[] {
  const {
    bytesDone,
    bytesTotal,
    bytesPerSecond = 0,
    keysDone,
    keysTotal,
    keysPerSecond,
    etaSeconds,
  } = figures
  const all = isEndless(figures) ? '' : ` of ${bytes(bytesTotal)}`
  const parts: Part[] = [{ text: `${bytes(bytesDone)}${all}`, expendable: 3 }]
  if (keysTotal !== null)
    parts.push({ text: `${count(keysDone)} of ${count(keysTotal)} keys`, expendable: 4 })
  else if (keysDone > 0) parts.push({ text: `${count(keysDone)} keys`, expendable: 4 })
  if (figures.limitedBy !== null && figures.limitedBy !== undefined)
    parts.push({ text: limitWords[figures.limitedBy], expendable: 5 })
  if (keysPerSecond > 0) parts.push({ text: `${short(keysPerSecond)} keys/s`, expendable: 2 })
  else if (bytesPerSecond > 0) parts.push({ text: `${bytes(bytesPerSecond)}/s`, expendable: 2 })
  if (etaSeconds !== null) parts.push({ text: `${clock(etaSeconds)} left`, expendable: 1 })
  return parts
}

const limitWords: Readonly<Record<LimitedBy, string>> = {
  bytes: 'held to --max-bytes',
  keys: 'held to --max-keys',
  latency: 'slowed, the target answers slowly',
  memory: 'slowed, the target’s memory is nearly full',
}

function withoutLeastImportant(parts: readonly Part[]): readonly Part[] {
  const most = Math.max(...parts.map(({ expendable }) => expendable))
  return parts.filter(({ expendable }) => expendable < most)
}

function lengthOf(label: string, percent: string, parts: readonly Part[], separator: string): number {
  return (
    label.length +
    1 +
    percent.length +
    parts.reduce((sum, { text }) => sum + separator.length + text.length, 0)
  )
}

function fractionDone({ bytesDone, bytesTotal }: ProgressFigures): number {
  return bytesTotal > 0 ? Math.min(1, bytesDone / bytesTotal) : 0
}

function bar(fraction: number, width: number, unicode: boolean): string {
  const cells = unicode ? width : width - 2
  const full = Math.round(fraction * cells)
  return unicode
    ? '█'.repeat(full) + '░'.repeat(cells - full)
    : `[${'#'.repeat(full)}${'.'.repeat(cells - full)}]`
}
