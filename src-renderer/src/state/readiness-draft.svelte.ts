import type { ReadinessRequest } from '#contract/readiness.ts'
import { ConnectionDraft, type Problem } from './connection-draft.svelte.ts'

/** What is to be looked at to learn whether applications are ready for a cluster. */
export class ReadinessDraft {
  from = $state<ReadinessRequest['from']>('stream')
  /** The profile whose source it is; empty: another server. */
  profile = $state('')
  readonly source = new ConnectionDraft('source')
  seconds = $state('30')
  input = $state('')

  constructor(profile: string | null) {
    this.profile = profile ?? ''
  }

  get problems(): readonly Problem[] {
    if (this.from === 'aof')
      return this.input.trim() === '' ? [{ field: 'readiness-file', word: 'readiness.file.missing' }] : []
    return [
      ...(this.profile === '' ? this.source.problems : []),
      ...(isSeconds(this.seconds)
        ? []
        : [{ field: 'readiness-seconds', word: 'readiness.seconds.wrong' } as const]),
    ]
  }

  /** Only without problems. */
  get request(): ReadinessRequest {
    const { from } = this
    if (from === 'aof') return { from, input: this.input.trim() }
    const seconds = Number(this.seconds)
    return this.profile === ''
      ? { from, seconds, source: this.source.connection! }
      : { from, seconds, profile: this.profile }
  }
}

function isSeconds(text: string): boolean {
  return /^\d{1,4}$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= 3_600
}
