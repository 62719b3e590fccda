import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fail } from '#contract/failure.ts'
import type { AskedRestore, ConflictPolicy } from '#contract/restore.ts'
import type { InputIdentity } from '../source/input-identity.ts'
import type { LedgerState } from './ledger.ts'

/** A large value under its temporary name: the target's database, and the name's bytes in base64. */
export interface NotedKey {
  readonly db: number
  readonly key: string
}

/** How far a restore has come, as it stands on disk. No secret, and nothing of a key but a name of ours. */
export interface JournalEntry {
  readonly format: 1
  /** Of the inputs and the target. */
  readonly id: string
  /** Begins the names of its connections and of what it has half written. */
  readonly run: string
  /** As they are told. */
  readonly inputs: readonly string[]
  readonly identities: readonly InputIdentity[]
  readonly bytes: number
  readonly target: string
  readonly onConflict: ConflictPolicy
  /** What was asked for; an older Keyferry did not keep it. */
  readonly asked?: AskedRestore
  /** Of everything in the order that decides what is written. */
  readonly options: string
  /** Which start of each of the target's servers was written to. */
  readonly servers: Readonly<Record<string, string>>
  readonly ledger: LedgerState
  /** Nothing that begins at or behind this offset was ever sent. */
  readonly mayHaveSent: number
  readonly unfinished: NotedKey | null
  /** Who is at it; null once it has ended without being done. */
  readonly holder: { readonly host: string; readonly pid: number } | null
  readonly startedAt: number
  readonly updatedAt: number
}

/** Written at most this often, but for what must be on disk before it is done. */
const writeEveryMs = 1_000
/**
 * So far ahead of what is sent the journal says that it may have been: as much as goes in so many seconds, so that
 * it is written once a second and nobody waits for it.
 */
const leadSeconds = 3
const leastLeadBytes = 8 * 1024 * 1024
/** A holder that has not written for so long is gone, or stands still. */
const silenceMs = 15_000
const heartbeatMs = 3_000
const suffix = '.restore.json'

/** What of an entry changes while it is restored. */
type Standing = Pick<JournalEntry, 'servers' | 'ledger' | 'unfinished'>

/**
 * Keeps how far a restore has come in a file, so that it can go on after its process has ended, in whatever way.
 * It is replaced as a whole, and on disk before anything relies on it.
 */
export class RestoreJournal {
  readonly #path: string
  readonly #folder: string
  readonly #standing: () => Standing
  #entry: JournalEntry
  #writing: Promise<void> | null = null
  #writtenAt = -Infinity
  #leadBytes = leastLeadBytes
  #askedOffset = 0
  #askedAt = 0
  /** While the target is away nothing is answered for, but we are there. */
  readonly #heartbeat = setInterval(() => this.note(), heartbeatMs).unref()

  private constructor(folder: string, entry: JournalEntry, standing: () => Standing) {
    this.#folder = folder
    this.#path = pathOf(folder, entry.id)
    this.#entry = entry
    this.#standing = standing
  }

  /**
   * Begins or goes on with an entry; nothing is on disk before the first `reach`. `standing` is asked how things
   * stand whenever that is written. Fails with `store.*` where the folder cannot be made.
   */
  static async open(folder: string, entry: JournalEntry, standing: () => Standing): Promise<RestoreJournal> {
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((thrown: unknown) => refuse(folder, thrown))
    const holder = { host: hostname(), pid: process.pid }
    return new RestoreJournal(folder, { ...entry, mayHaveSent: 0, holder }, standing)
  }

  /**
   * What begins before `offset` is about to be sent. Gives a promise where that is not on disk yet, which is to be
   * awaited first; rejects with `store.*`. `at once`: everything else is on disk too by then.
   */
  reach(offset: number, when?: 'at once'): Promise<void> | undefined {
    const { mayHaveSent } = this.#entry
    if (when === 'at once') return this.#writeNow(Math.max(offset, mayHaveSent))
    if (offset > mayHaveSent) return this.#allow(offset)
    if (offset > mayHaveSent - this.#leadBytes / 2 && this.#isDue) this.#writeAside(this.#ahead(offset))
    return undefined
  }

  /** Something has been answered for: written when it is time. */
  note(): void {
    if (this.#isDue) this.#writeAside(this.#entry.mayHaveSent)
  }

  /** The restore is done: there is nothing to go on with. */
  async remove(): Promise<void> {
    clearInterval(this.#heartbeat)
    await this.#writing?.catch(() => undefined)
    await removeJournal(this.#folder, this.#entry.id)
  }

  /** The restore has ended, and can be gone on with. What was on disk before still holds where this fails. */
  async leave(): Promise<void> {
    clearInterval(this.#heartbeat)
    if (this.#entry.mayHaveSent === 0) return
    await this.#writing?.catch(() => undefined)
    this.#entry = { ...this.#entry, holder: null }
    await this.#write(this.#entry.mayHaveSent).catch(() => undefined)
  }

  async #allow(offset: number): Promise<void> {
    await this.#writing
    if (offset > this.#entry.mayHaveSent) await this.#write(this.#ahead(offset))
  }

  /** How far may be sent before the next writing, by how fast it went since the last one. */
  #ahead(offset: number): number {
    const seconds = (performance.now() - this.#askedAt) / 1000
    const perSecond = (offset - this.#askedOffset) / seconds
    if (this.#askedOffset > 0) this.#leadBytes = Math.max(leastLeadBytes, perSecond * leadSeconds)
    this.#askedOffset = offset
    this.#askedAt = performance.now()
    return Math.ceil(offset + this.#leadBytes)
  }

  async #writeNow(mayHaveSent: number): Promise<void> {
    // What is being written was gathered before.
    await this.#writing
    await this.#write(Math.max(mayHaveSent, this.#entry.mayHaveSent))
  }

  get #isDue(): boolean {
    const isLong = performance.now() - this.#writtenAt >= writeEveryMs
    return isLong && this.#writing === null && this.#entry.mayHaveSent > 0
  }

  /** Should it fail, the next one that is waited for fails as well. */
  #writeAside(mayHaveSent: number): void {
    void this.#write(mayHaveSent).catch(() => undefined)
  }

  #write(mayHaveSent: number): Promise<void> {
    this.#writtenAt = performance.now()
    const entry = { ...this.#entry, ...this.#standing(), mayHaveSent, updatedAt: Date.now() }
    this.#writing = replaceFile(this.#folder, this.#path, JSON.stringify(entry))
      .then(() => {
        this.#entry = entry
      })
      .finally(() => {
        this.#writing = null
      })
    return this.#writing
  }
}

/** The entry of this restore; null where there is none that can be read. */
export async function readJournal(folder: string, id: string): Promise<JournalEntry | null> {
  try {
    const entry = JSON.parse(await readFile(pathOf(folder, id), 'utf8')) as JournalEntry
    return entry.format === 1 ? entry : null
  } catch {
    return null
  }
}

/** The entries of all restores in a folder, under way or not. */
export async function readJournals(folder: string): Promise<readonly JournalEntry[]> {
  const names = await readdir(folder).catch(() => [])
  const ids = names.flatMap((name) => (name.endsWith(suffix) ? [name.slice(0, -suffix.length)] : []))
  const entries = await Promise.all(ids.map((id) => readJournal(folder, id)))
  return entries.filter((entry) => entry !== null)
}

export async function removeJournal(folder: string, id: string): Promise<void> {
  await rm(pathOf(folder, id), { force: true })
}

/** Somebody is at it right now. */
export function isUnderWay({ holder, updatedAt }: JournalEntry): boolean {
  if (holder === null) return false
  if (holder.host === hostname() && !isAlive(holder.pid)) return false
  return Math.abs(Date.now() - updatedAt) < silenceMs
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function pathOf(folder: string, id: string): string {
  return join(folder, `${id}${suffix}`)
}

/** The new content is on disk, and under its name, or the old one is. */
async function replaceFile(folder: string, path: string, content: string): Promise<void> {
  try {
    const fresh = `${path}.new`
    const file = await open(fresh, 'w', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
    await syncFolder(folder)
  } catch (thrown) {
    refuse(folder, thrown)
  }
}

/** That a file has a new name is on disk only with its folder; Windows has no such call, and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function refuse(folder: string, thrown: unknown): never {
  const { code } = thrown as NodeJS.ErrnoException
  if (code === 'ENOSPC') fail('store.disk-full', { folder })
  fail('store.unavailable', { file: folder }, code)
}
