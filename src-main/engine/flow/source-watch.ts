import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, type Connection } from '#contract/connection.ts'
import { openControl, type Control } from '../redis/control.ts'
import { infoNumber, parseInfo } from '../redis/info.ts'
import { countIn, keyspaceOfServer } from '../redis/keyspace.ts'
import { versionNumberOf } from '../redis/version.ts'
import type { Replication } from '../source/psync.ts'
import { lookEveryMs } from './in-step.ts'
import { LagClock } from './lag-clock.ts'

const offsetEveryMs = 250

/**
 * Asks a source, four times a second, and more often while it is about to be in step, how far it has written, over a
 * connection of its own. What it cannot be asked (away, or its password changed) is simply not known for the moment.
 */
export class SourceWatch {
  readonly #connection: () => Connection
  readonly #name: string
  readonly #stream: () => Pick<Replication, 'askPlace' | 'counted' | 'waitingSince'>
  readonly #isClose: () => boolean
  readonly #clock = new LagClock()
  #versionNumber: number | null = null
  #control: Control | null = null

  constructor(
    connection: () => Connection,
    name: string,
    stream: () => Pick<Replication, 'askPlace' | 'counted' | 'waitingSince'>,
    isClose: () => boolean,
  ) {
    this.#connection = connection
    this.#name = name
    this.#stream = stream
    this.#isClose = isClose
  }

  /** The newest offset heard of; null while none was. */
  get offset(): number | null {
    return this.#clock.offset
  }

  /** The Redis version that the source is, or stands for: 7.0 → 700; null while it is not known. */
  get versionNumber(): number | null {
    return this.#versionNumber
  }

  /** See `LagClock.lagMs`. What a source that counts nothing was asked long ago, it may not have come to yet. */
  lagMs(applied: number): number {
    const now = Date.now()
    return Math.max(this.#clock.lagMs(applied, now), now - (this.#stream().waitingSince ?? now))
  }

  /** So much of its stream is here: a source that cannot be asked at the moment is judged by that. */
  hear(offset: number): void {
    this.#clock.hear(Date.now(), offset)
  }

  /** The numbers of another history are of no use. */
  forget(): void {
    this.#clock.forget()
  }

  async run(signal: AbortSignal): Promise<void> {
    let asked = ''
    while (!signal.aborted) {
      // Another node may be the source by now.
      const address = addressOf(this.#connection())
      if (address !== asked) {
        this.#control?.close()
        this.#control = null
        asked = address
      }
      try {
        this.#control ??= await openControl(this.#connection(), { signal, name: this.#name })
        await this.#look(this.#control)
      } catch {
        this.#control?.close()
        this.#control = null
      }
      await sleep(this.#isClose() ? lookEveryMs : offsetEveryMs, undefined, { signal }).catch(() => undefined)
    }
    this.#control?.close()
  }

  /** Asks a question of one's own over the same connection; null where the source cannot be asked now. */
  async ask<T>(question: (control: Control) => Promise<T>): Promise<T | null> {
    return this.#control === null ? null : await question(this.#control).catch(() => null)
  }

  /** The offset at this moment; the newest known where the source cannot be asked. */
  async askOffset(): Promise<number | null> {
    if (this.#control !== null) await this.#look(this.#control).catch(() => undefined)
    return this.offset
  }

  /** How many keys it holds in all databases; null where it cannot be asked now. */
  async countKeys(): Promise<number | null> {
    return await this.ask(async (control) => countIn(await keyspaceOfServer(control)))
  }

  /** How far the source has written by now, surely no less; null where it cannot be asked. */
  async placeNow(): Promise<number | null> {
    return await this.ask((control) => this.#placeOf(control))
  }

  async #placeOf(control: Control): Promise<number> {
    const { command, place } = this.#stream().askPlace(control.address)
    return await place(await control.call(...command))
  }

  async #look(control: Control): Promise<void> {
    const at = Date.now()
    const info = parseInfo(String(await control.call('INFO')))
    this.#versionNumber = versionNumberOf(info) ?? this.#versionNumber
    const offset = infoNumber(info, 'master_repl_offset')
    if (this.#stream().counted) {
      if (offset !== null) this.#clock.note(at, offset)
    } else
      await this.#placeOf(control).then(
        (place) => this.#clock.note(at, place),
        () => undefined,
      )
  }
}
