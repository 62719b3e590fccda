import type { ServerFacts } from '#contract/connection.ts'

/** A setting of a server that a migration wants otherwise, and what it should be meanwhile. */
export interface WantedSetting {
  readonly side: 'source' | 'target'
  /** As CONFIG knows it. */
  readonly name: string
  /** The part of CONFIG GET's value that is ours to change, in the form CONFIG SET takes. */
  readonly partOf: (value: string) => string
  /** What it should be during the task; null when it is fine as it is. */
  readonly during: (part: string, facts: Pick<ServerFacts, 'usedMemory'>) => string | null
}

const mib = 1024 * 1024
const whole = (value: string): string => value

/**
 * What may be held for a replica before it is cut off. During the snapshot everything written waits there, so
 * a limit means a copy begun anew. Only the class of replicas is touched, by the name the server uses.
 */
export const outputBuffer: WantedSetting = {
  side: 'source',
  name: 'client-output-buffer-limit',
  partOf: (value) => /(slave|replica) \d+ \d+ \d+/.exec(value)?.[0] ?? '',
  during(part, { usedMemory }) {
    const [className, hard = '0', soft = '0'] = part.split(' ')
    const needed = Math.max(1024 * mib, (usedMemory ?? 0) / 2)
    const enough = [hard, soft].every((limit) => limit === '0' || Number(limit) >= needed)
    return enough ? null : `${className} 0 0 0`
  },
}

/** What a lost link may miss and still go on from where it was: a tenth of the data, 64 to 512 MiB. */
export const backlog: WantedSetting = {
  side: 'source',
  name: 'repl-backlog-size',
  partOf: whole,
  during(part, { usedMemory }) {
    const needed = Math.min(512 * mib, Math.max(64 * mib, Math.ceil((usedMemory ?? 0) / 10)))
    return Number(part) >= needed ? null : String(needed)
  },
}

/** Seconds without a word before a replica is given up. */
export const replTimeout: WantedSetting = {
  side: 'source',
  name: 'repl-timeout',
  partOf: whole,
  during: (part) => (Number(part) >= 300 ? null : '600'),
}

/** Nothing that was copied may be thrown out to make room for the rest. */
export const eviction: WantedSetting = {
  side: 'target',
  name: 'maxmemory-policy',
  partOf: whole,
  during: (part) => (part === 'noeviction' ? null : 'noeviction'),
}

export const wantedSettings: readonly WantedSetting[] = [outputBuffer, backlog, replTimeout, eviction]
