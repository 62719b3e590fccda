import { momentFormat, numberFormat } from '#contract/words/intl.ts'

/** Figures and times as one language writes them. */
export class Formats {
  /** BCP 47. */
  readonly tag: string

  constructor(tag: string) {
    this.tag = tag
  }

  count(value: number): string {
    return numberFormat(this.tag, { maximumFractionDigits: 0 }).format(value)
  }

  /** To the second, with the offset from UTC: a report is read elsewhere and later. */
  moment(at: number): string {
    return momentFormat(this.tag, {
      dateStyle: 'medium',
      timeStyle: 'long',
      hourCycle: 'h23',
    } as Intl.DateTimeFormatOptions).format(at)
  }

  duration(ms: number): string {
    const unit = (value: number, name: string, digits = 0): string =>
      numberFormat(this.tag, {
        style: 'unit',
        unit: name,
        unitDisplay: 'short',
        maximumFractionDigits: digits,
      }).format(value)
    if (ms < 1_000) return unit(ms, 'millisecond')
    const seconds = ms / 1_000
    if (seconds < 60) return unit(seconds, 'second', 1)
    const minutes = Math.floor(seconds / 60)
    if (minutes < 60) return `${unit(minutes, 'minute')} ${unit(Math.floor(seconds % 60), 'second')}`
    return `${unit(Math.floor(minutes / 60), 'hour')} ${unit(minutes % 60, 'minute')}`
  }
}
