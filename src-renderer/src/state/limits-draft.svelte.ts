import type { Limits } from '#contract/limits.ts'
import type { Problem } from './connection-draft.svelte.ts'

const mebibyte = 1024 ** 2

/** Limits of a restore as they are being typed: empty fields limit nothing. */
export class LimitsDraft {
  /** MiB a second; a fraction is allowed. */
  mebibytes = $state('')
  keys = $state('')
  /** Milliseconds. */
  latency = $state('')

  /** Each field by its name, which tells it from the same field of another form on the page. */
  problems(form: string): readonly Problem[] {
    const problems: Problem[] = []
    if (!isRate(this.mebibytes)) problems.push({ field: `${form}-bytes`, word: 'limits.bytes.wrong' })
    if (!isCount(this.keys)) problems.push({ field: `${form}-keys`, word: 'limits.keys.wrong' })
    if (!isCount(this.latency)) problems.push({ field: `${form}-latency`, word: 'limits.latency.wrong' })
    return problems
  }

  /** What the fields say; only right while there are no problems. */
  get limits(): Limits {
    return {
      ...(this.mebibytes.trim() !== '' && {
        bytesPerSecond: Math.round(Number(this.mebibytes) * mebibyte),
      }),
      ...(this.keys.trim() !== '' && { keysPerSecond: Number(this.keys) }),
      ...(this.latency.trim() !== '' && { latencyMs: Number(this.latency) }),
    }
  }

  /** Fills the fields with limits that are in force. */
  show({ bytesPerSecond, keysPerSecond, latencyMs }: Limits): void {
    this.mebibytes =
      bytesPerSecond === undefined ? '' : String(Math.round((bytesPerSecond / mebibyte) * 1000) / 1000)
    this.keys = keysPerSecond === undefined ? '' : String(keysPerSecond)
    this.latency = latencyMs === undefined ? '' : String(latencyMs)
  }
}

/** Empty, or at least one KiB a second. */
function isRate(text: string): boolean {
  const rate = text.trim()
  return rate === '' || (/^\d{1,6}(\.\d{1,3})?$/.test(rate) && Number(rate) * mebibyte >= 1024)
}

/** Empty, or a whole number from 1. */
function isCount(text: string): boolean {
  return /^([1-9]\d{0,8})?$/.test(text.trim())
}
