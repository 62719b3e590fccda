import { momentFormat, numberFormat } from '#contract/words/intl.ts'
import { formatDuration } from '#contract/words/template.ts'

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
    return formatDuration(ms, this.tag)
  }
}
