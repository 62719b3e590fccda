import type { Connection } from '#contract/connection.ts'
import type { ScanGap } from '#contract/sync.ts'
import { ScanSource } from '../source/scan-source.ts'
import type { OpenSide } from '../verify/open-side.ts'
import { openServers } from '../verify/several-servers.ts'

export interface ScanSourcesOptions {
  readonly connections: readonly Connection[]
  /** Of every connection. */
  readonly name: string
  readonly onKey: (db: number, key: Buffer) => void
  readonly onGap: (why: ScanGap) => void
  /** As `ScanSourceOptions` has it, with the number of the source. */
  readonly onNode: (source: number) => void
}

/** All sources of a task that reads them key by key, as one: watched for changes, and asked. */
export class ScanSources {
  readonly each: readonly ScanSource[]
  readonly #name: string

  private constructor(each: readonly ScanSource[], name: string) {
    this.each = each
    this.#name = name
  }

  /** Fails as `ScanSource.open` does. */
  static async open(
    { connections, onNode, ...options }: ScanSourcesOptions,
    signal: AbortSignal,
  ): Promise<ScanSources> {
    const each = connections.map((connection, source) =>
      ScanSource.open({ ...options, connection, onNode: () => onNode(source) }, signal),
    )
    return new ScanSources(await Promise.all(each), options.name)
  }

  get addresses(): string {
    return this.each.map(({ address }) => address).join(', ')
  }

  /** Every change there are events for is heard of. */
  get hears(): boolean {
    return this.each.every(({ hears }) => hears)
  }

  /** It is known that not every change is heard of. */
  get isDeaf(): boolean {
    return this.each.some(({ isDeaf }) => isDeaf)
  }

  /** Which of them a server belongs to; -1 for none. */
  indexOf(address: unknown): number {
    return typeof address === 'string' ? this.each.findIndex((source) => source.watches(address)) : -1
  }

  /** Connects for questions. Fails as `openServers` does. */
  openSide(signal: AbortSignal): Promise<OpenSide> {
    const connections = this.each.map(({ connection }) => connection)
    return openServers(connections, signal, this.#name)
  }

  /** Watches all of them. Never rejects; ends with the signal. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.each.map((source) => source.run(signal)))
  }
}
