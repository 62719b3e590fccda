import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { toFailure } from '#contract/failure.ts'
import type { ScanGap } from '#contract/sync.ts'
import { openControl, type Control } from '../redis/control.ts'
import { parseInfo, type Info } from '../redis/info.ts'
import { countIn, keyspaceOfServer } from '../redis/keyspace.ts'
import { readSetting } from '../redis/probe.ts'
import { listenForKeys, tellsOfKeys } from './scan-events.ts'

export interface ScanWatchOptions {
  readonly connection: () => Connection
  /** Of its connections. */
  readonly name: string
  /** This key may have been changed. */
  readonly onKey: (db: number, key: Buffer) => void
  /** Up to now something may have been changed that was not told; from now on it is, or the next gap will be told. */
  readonly onGap: (why: ScanGap) => void
}

const lookEveryMs = 1_000
const shortestPauseMs = 100
const longestPauseMs = 3_000
/** A server that does not let us listen is asked again so often. */
const refusedPauseMs = 10_000

/**
 * Watches one server for what is changed there: by its keyspace events, and, for what they do not tell (FLUSHALL,
 * FLUSHDB, SWAPDB), by its counts of commands. Comes back by itself, and tells what may have been missed.
 */
export class ScanWatch {
  readonly #options: ScanWatchOptions
  #listening = false
  #refused = false
  /** The server's setting has it tell of all changes; null where it may not be asked. */
  #tells: boolean | null = null
  #heardAny = false
  #control: Control | null = null
  #flushes: number | null = null

  constructor(options: ScanWatchOptions) {
    this.#options = options
  }

  /** Every change it has events for is heard of. */
  get hears(): boolean {
    return this.#listening && (this.#tells ?? this.#heardAny)
  }

  /** It is known that not every change is heard of: we may not listen, or not all is told. */
  get isDeaf(): boolean {
    return this.#refused || (this.#listening && this.#tells === false)
  }

  /** How many keys it holds; null where it cannot be asked now. */
  async countKeys(): Promise<number | null> {
    if (this.#control === null) return null
    return await keyspaceOfServer(this.#control).then(countIn, () => null)
  }

  /** Never rejects; ends with the signal. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#listen(signal), this.#look(signal)])
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { connection, name, onKey, onGap } = this.#options
    let pauseMs = shortestPauseMs
    while (!signal.aborted) {
      try {
        await listenForKeys(connection(), {
          name,
          signal,
          onListening: () => {
            this.#listening = true
            this.#refused = false
            pauseMs = shortestPauseMs
            onGap('listening-anew')
          },
          onKey: (db, key) => {
            this.#heardAny = true
            onKey(db, key)
          },
        })
      } catch (thrown) {
        this.#listening = false
        const { code } = toFailure(thrown)
        this.#refused = code === 'auth.no-permission'
        pauseMs = this.#refused ? refusedPauseMs : Math.min(pauseMs * 2, longestPauseMs)
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { connection, name } = this.#options
    while (!signal.aborted) {
      try {
        this.#control ??= await openControl(connection(), { signal, name })
        await this.#lookOnce(this.#control)
      } catch {
        this.#control?.close()
        this.#control = null
      }
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
    }
    this.#control?.close()
  }

  async #lookOnce(control: Control): Promise<void> {
    const { onGap } = this.#options
    const commands = parseInfo(String(await control.call('INFO', 'commandstats')))
    const setting = await readSetting(control, 'notify-keyspace-events')
    const told = setting === null ? null : tellsOfKeys(setting)
    if (told === true && this.#tells === false) onGap('told-again')
    this.#tells = told
    const flushes = callsOf(commands, ['flushall', 'flushdb', 'swapdb'])
    if (this.#flushes !== null && flushes !== this.#flushes) onGap('flushed')
    this.#flushes = flushes
  }
}

/** How often these have been called, by lines such as `cmdstat_flushdb:calls=1,usec=…` (2.6). */
function callsOf(commands: Info, names: readonly string[]): number {
  return names.reduce((sum, name) => {
    const calls = /calls=(\d+)/.exec(commands.get(`cmdstat_${name}`) ?? '')?.[1]
    return sum + Number(calls ?? 0)
  }, 0)
}
